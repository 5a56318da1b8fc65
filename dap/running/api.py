"""What `dap.restore`, `dap.score` and `dap.degrade` do: arrays in, arrays out; no configuration, folder or command."""

from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dap.config.build import build
from dap.config.compose import compose
from dap.methods.classical.restore import Restore
from dap.methods.problem import Problem
from dap.record.metrics import metrics_of
from dap.running.caller_array import like_array, read_array, whole_hz
from dap.system.threads import one_thread
from dap.tasks.task import Task


def restored(
    damaged: Tensor, sample_rate: Any, task: str, quality: str, settings: dict[str, Any], strength: float | None
) -> Tensor:
    """The restoration, (channel, time), of a sound of that shape in float32; see `dap.restore`."""
    rate = whole_hz(sample_rate)
    with torch.inference_mode(False), torch.enable_grad(), one_thread():  # a fit needs gradients, wherever it is called from
        method, configured = blind_method(quality, task, settings, strength)
        observation, rate = configured.receive(damaged, rate)
        here = configured.at(rate, observation.shape[-1], None)
        return here.finish(method.estimate(Problem(observation, here, rate)), observation)


def scored(estimate: Any, reference: Any, sample_rate: Any, missing: Any, channel_axis: int | None) -> dict[str, Any]:
    """See `dap.score`."""
    ours, clean = read_array(estimate, channel_axis).cpu(), read_array(reference, channel_axis).cpu()
    if ours.shape != clean.shape:
        raise ValueError(f"estimate and reference must be of one shape, got {tuple(ours.shape)} and {tuple(clean.shape)}")
    gaps = None if missing is None else torch.as_tensor(missing, dtype=torch.bool)
    if gaps is not None and gaps.shape != clean.shape[-1:]:
        raise ValueError(f"missing must be of shape ({clean.shape[-1]},), got {tuple(gaps.shape)}")
    return metrics_of({"estimate": ours}, clean, whole_hz(sample_rate), gaps)["estimate"]


def degraded(waveform: Any, sample_rate: Any, task: Any, seed: int, channel_axis: int | None, settings: dict[str, Any]) -> Any:
    """See `dap.degrade`."""
    clean, rate = read_array(waveform, channel_axis).cpu(), whole_hz(sample_rate)
    if isinstance(task, Task) and settings:
        raise ValueError(f"{', '.join(settings)}: of a task that is an object, which has its settings already")
    generator = torch.Generator().manual_seed(seed)
    here = (task if isinstance(task, Task) else configured_task(task, settings)).at(rate, clean.shape[-1], generator)
    return like_array(here.degrade(clean, generator), waveform, channel_axis)


def blind_method(
    quality: str = "default",
    task: str = "denoise",
    settings: dict[str, Any] | None = None,
    strength: float | None = None,
) -> tuple[Restore, Task]:
    """method=restore at this quality, and the task, as `dap-run` would make them: new ones at each call, of any thread.

    Args:
        quality: "fast", "default" or "best".
        task: an option of configs/task.
        settings: of the task, in place of those in its file.
        strength: the largest attenuation of noise and reverberation, dB; None: all that is found goes.

    Raises:
        ValueError: no such task, a setting that it does not have, or a value that is of no use.
    """
    made = configured_task(task, settings or {})
    method: Restore = build({**_composed(task)["method"], "quality": quality, "strength": strength}, "method")
    return method, made


def configured_task(task: str, settings: dict[str, Any]) -> Task:
    """A task with settings in place of those in its file; errors as of `blind_method`."""
    node = _composed(task)["task"]
    known = set(node) - {"_target_"}
    for name in settings:
        if name not in known:
            raise ValueError(f"{name}: task {task!r} has no such setting; it has {', '.join(sorted(known))}")
    made: Task = build({**node, **_plain(settings)}, "task")
    return made


@cache
def _composed(task: str) -> dict[str, Any]:
    """The configuration of a task, read once; nobody changes it."""
    return compose({"method": "restore", "task": task}, device="cpu")


def _plain(value: Any) -> Any:
    """Tuples, arrays and numpy's numbers as the lists and numbers that a file would hold."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, Tensor | np.ndarray | np.generic) else value
