"""Dereverberation: what was heard is the sound and what a room added to it."""

import copy

import torch
from torch import Tensor

from dap.dsp.reverb import reverberation
from dap.tasks.task import Task


class Reverb(Task):
    """observation = reference + reverberation, with the settings of sox's reverb (see `dap.dsp.reverb.reverberation`).

    Args:
        reverberance, hf_damping, room_scale, stereo_depth: %.
        pre_delay_ms: ms.
        wet_gain_db: dB, of what is added.
        spread: standard deviation of the reverberance among clips, %: each draws its own, within 0 and 100.

    Raises:
        ValueError: settings out of range.

    >>> task = Reverb(wet_gain_db=-10.0).at(8000, 4000, torch.Generator())
    >>> task.observe(torch.zeros(1, 4000)).abs().max()
    tensor(0.)
    """

    name = "reverb"

    def __init__(
        self,
        reverberance: float = 50.0,
        hf_damping: float = 50.0,
        room_scale: float = 100.0,
        stereo_depth: float = 100.0,
        pre_delay_ms: float = 0.0,
        wet_gain_db: float = 0.0,
        spread: float = 0.0,
    ) -> None:
        super().__init__()
        if spread < 0:
            raise ValueError(f"spread must be at least 0 %, got {spread}")
        self.settings = (hf_damping, room_scale, stereo_depth, pre_delay_ms, wet_gain_db)
        self.reverberance, self.spread, self.sample_rate = reverberance, spread, 44100
        self.observe(torch.zeros(1, 8))  # to find what is wrong with the settings now

    def at(self, sample_rate: int, n_samples: int, generator: torch.Generator | None) -> Task:
        """The task in this clip's room."""
        task = copy.copy(self)
        task.sample_rate = sample_rate
        if self.spread and generator is not None:
            drawn = self.reverberance + self.spread * float(torch.randn((), generator=generator))
            task.reverberance = min(max(drawn, 0.0), 100.0)
            task.facts = {"reverberance": task.reverberance}
        return task

    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """The reference, (channel, time), in the room."""
        return self.observe(reference)

    def observe(self, estimate: Tensor) -> Tensor:
        """The estimate, (channel, time), in the room."""
        return estimate + reverberation(estimate, self.sample_rate, self.reverberance, *self.settings)

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """The estimate as it is."""
        return estimate
