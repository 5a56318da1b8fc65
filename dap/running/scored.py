"""What `dap.score` and `dap.degrade` do: a sound against its reference, and a clean sound damaged."""

from typing import Any

import torch

from dap.record.metrics import metrics_of
from dap.running.api import configured_task
from dap.running.caller_array import like_array, read_array, whole_hz
from dap.tasks.task import Task


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
