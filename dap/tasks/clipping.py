"""Clipping: the recording was saturated, and what went beyond a level was held at it."""

import copy
import math

import torch
from torch import Tensor

from dap.dsp.clipping import flat_tops, level_of_sdr
from dap.tasks.task import Task


class Clipping(Task):
    """observation = clamp(reference, −θ, θ), the same θ in all channels.

    The clamp stands in the data term, so the prior is free beyond the level, and drawn back where it stays within.
    `finish` keeps each sample that was not clipped, and puts each that was at or beyond its level. In a sound that is damaged
    already the levels are found by its flat tops (`dap.dsp.clipping.flat_tops`), each channel's and each side's own;
    where there is none nothing was clipped, and the sound is restored as it is. Its ``missing`` are the samples that were
    clipped in any channel.

    Args:
        level: θ, in units of full scale after the clip was scaled to ``data.peak``.
        input_sdr_db: what the clipping leaves instead, dB: 10 log10 Σ x² / Σ (x − clamp(x))².

    Raises:
        ValueError: neither or both of level and input_sdr_db, or one not above 0; from `observe` and `finish`, no clip.

    >>> task = Clipping(level=0.5)
    >>> observation = task.degrade(torch.tensor([[-0.7, 0.1, 0.6]]), torch.Generator())
    >>> observation.tolist()
    [[-0.5, 0.10000000149011612, 0.5]]
    >>> task.finish(torch.tensor([[-0.75, 0.25, 0.25]]), observation).tolist()
    [[-0.75, 0.10000000149011612, 0.5]]
    """

    name = "clipping"
    local = True

    def __init__(self, level: float | None = None, input_sdr_db: float | None = None) -> None:
        super().__init__()
        if (level is None) == (input_sdr_db is None):
            raise ValueError(f"give one of level and input_sdr_db and set the other to null, got {level} and {input_sdr_db}")
        for name, value in (("level", level), ("input_sdr_db", input_sdr_db)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a finite number above 0 or null, got {value}")
        self.level, self.input_sdr_db = level, input_sdr_db
        self.levels: tuple[Tensor, Tensor] | None = None  # (channel, 1) each, low and high, of the observation

    def receive(self, damaged: Tensor, sample_rate: int) -> tuple[Tensor, int]:
        """A clipped sound, (channel, time), whose levels are found by its flat tops; `at` gives the task that knows them."""
        self._learn(damaged, flat_tops(damaged))
        return damaged, sample_rate

    def at(self, sample_rate: int, n_samples: int, generator: torch.Generator | None) -> Task:
        """The task of one clip, whose levels `degrade` or, before, `receive` tells."""
        task = copy.copy(self)
        if generator is not None:
            task.levels, task.missing, task.facts = None, None, {}
        return task

    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """The reference, (channel, time), clipped; nothing is drawn."""
        level = self.level if self.level is not None else level_of_sdr(reference, self.input_sdr_db or 0.0)
        high = reference.new_full((reference.shape[-2], 1), level if level > 0 else math.inf)
        observation = reference.clamp(-high, high)
        self._learn(observation, (-high, high))
        return observation

    def observe(self, estimate: Tensor) -> Tensor:
        """The estimate, (channel, time), clipped at the levels of the observation."""
        low, high = (level.to(estimate) for level in self._known_levels())
        return estimate.clamp(low, high)

    def bounds(self, observation: Tensor) -> tuple[Tensor, Tensor]:
        """The least and the most that each sample may have been, (channel, time) each; equal where it was not clipped."""
        low, high = (level.to(observation) for level in self._known_levels())
        return clipped_bounds(observation, low, high)

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """The observation where it was not clipped; elsewhere the estimate, brought to the level where it stays within."""
        return estimate.clamp(*self.bounds(observation))

    def _learn(self, observation: Tensor, levels: tuple[Tensor, Tensor]) -> None:
        low, high = self.levels = levels
        clipped = (observation <= low) | (observation >= high)
        self.missing = clipped.any(-2) if clipped.any() and not clipped.any(-2).all() else None
        finite = [[None if math.isinf(value) else value for value in side[:, 0].tolist()] for side in levels]
        self.facts = {"clipped_share": float(clipped.double().mean()), "low": finite[0], "high": finite[1]}

    def _known_levels(self) -> tuple[Tensor, Tensor]:
        if self.levels is None:
            raise ValueError("the levels are those of an observation: call degrade() or receive() first")
        return self.levels


def clipped_bounds(observation: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """The least and the most of each sample of an observation clipped at these levels; for the shapes see `Clipping`."""
    lower = observation.where(observation > low, -math.inf)
    upper = observation.where(observation < high, math.inf)
    return lower, upper
