"""From a clip to what is heard of it."""

from dataclasses import replace

import torch
from torch import Tensor

from dap.data.clip import Clip
from dap.tasks.task import Task


def observe_clip(clip: Clip, task: Task, seed: int) -> tuple[Clip, Task, Tensor]:
    """Damage a clip, unless it is damaged already; returns the clip (at the rate that is restored), its task, the observation.

    Args:
        clip: as it was read.
        task: of any clip.
        seed: of what the task draws.

    Raises:
        ValueError: clip and task do not fit each other.
    """
    if clip.degraded or clip.observation is not None:
        damaged = clip.waveform if clip.observation is None else clip.observation
        observation, rate = task.receive(damaged, clip.sample_rate)
        here = task.at(rate, observation.shape[-1], None)
        if clip.degraded:
            return replace(clip, waveform=observation, sample_rate=rate), here, observation
        if rate != clip.sample_rate:
            raise ValueError(
                f"{clip.source}: the task makes {rate} Hz of the damaged sound, but its reference has {clip.sample_rate} Hz"
            )
        return clip, here, observation
    generator = torch.Generator().manual_seed(seed)
    here = task.at(clip.sample_rate, clip.waveform.shape[-1], generator)
    return clip, here, here.degrade(clip.waveform, generator)
