"""What `dap.restore` does: a sound that is already in memory, restored without a configuration, a folder or a command."""

from functools import cache
import numbers
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dap.audio.sound_file import MAX_RATE
from dap.config.build import build
from dap.config.compose import CONFIGS, compose
from dap.methods.classical.restore import Restore
from dap.methods.problem import Problem
from dap.system.threads import one_thread
from dap.tasks.task import Task


def restored(
    damaged: Tensor, sample_rate: Any, task: str, quality: str, settings: dict[str, Any], strength: float | None
) -> Tensor:
    """The restoration, (channel, time), of a sound of that shape in float32; see `dap.restore`."""
    rate = _whole_hz(sample_rate)
    with torch.inference_mode(False), torch.enable_grad(), one_thread():  # a fit needs gradients, wherever it is called from
        method, configured = blind_method(quality, task, settings, strength)
        observation, rate = configured.receive(damaged, rate)
        here = configured.at(rate, observation.shape[-1], None)
        return here.finish(method.estimate(Problem(observation, here, rate)), observation)


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
    tasks = sorted(path.stem for path in (CONFIGS / "task").glob("*.yaml"))
    if task not in tasks:
        raise ValueError(f"task must be one of {', '.join(tasks)}, got {task!r}")
    parts = _composed(task)
    known = set(parts["task"]) - {"_target_"}
    for name in settings or {}:
        if name not in known:
            raise ValueError(f"{name}: task {task!r} has no such setting; it has {', '.join(sorted(known))}")
    method: Restore = build({**parts["method"], "quality": quality, "strength": strength}, "method")
    made: Task = build({**parts["task"], **_plain(settings or {})}, "task")
    return method, made


@cache
def _composed(task: str) -> dict[str, Any]:
    """The configuration of a task, read once; nobody changes it."""
    return compose({"method": "restore", "task": task}, device="cpu")


def _whole_hz(sample_rate: Any) -> int:
    number = isinstance(sample_rate, numbers.Real) and not isinstance(sample_rate, bool)
    if not (number and 1 <= sample_rate <= MAX_RATE and float(sample_rate).is_integer()):
        raise ValueError(f"sample_rate must be a whole number of Hz, 1 to {MAX_RATE}, got {sample_rate!r}")
    return int(sample_rate)


def _plain(value: Any) -> Any:
    """Tuples, arrays and numpy's numbers as the lists and numbers that a file would hold."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, Tensor | np.ndarray | np.generic) else value
