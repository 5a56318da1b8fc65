"""Declipping: the sparsest sound that would have been clipped to the observation."""

import math

import torch
from torch import Tensor

from dap.dsp.clipping import flat_tops
from dap.dsp.declip import declip
from dap.dsp.noise import estimate_noise_std
from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.clipping import Clipping, clipped_bounds

_SHORTEST, _FEWEST = 3, 3  # samples in a run and runs a side that no unclipped recording has: docs/declipping.md


class Declip(OneShot):
    """Alternating directions between the sounds that fit the observation and those of few strong bins: `dap.dsp.declip`.

    Once with frames of each length, and the mean of what comes out: their errors differ. Samples that were not clipped stay
    as they are, and those that were end at or beyond their level. Each channel is on its own. Memory grows with the length
    of the sound; method=restore works window by window.

    Args:
        frame_seconds: lengths of the frames, rounded to an even number of samples a hop. The work grows with their number.
        overlap: frames that each sample lies in, at least 4.
        iterations: number of turns.
        depth_db: how far the threshold falls in these turns, from the strongest bin on.

    Raises:
        ValueError: settings out of range; from `restore`, a task that is not clipping.
    """

    tasks = frozenset({"clipping"})

    def __init__(
        self,
        frame_seconds: tuple[float, ...] = (0.032, 0.096, 0.192),
        overlap: int = 4,
        iterations: int = 200,
        depth_db: float = 60.0,
    ) -> None:
        super().__init__()
        if not frame_seconds or not all(math.isfinite(seconds) and seconds > 0 for seconds in frame_seconds):
            raise ValueError(f"frame_seconds must be lengths above 0 s, at least one, got {list(frame_seconds)}")
        if not (math.isfinite(depth_db) and depth_db > 0):
            raise ValueError(f"depth_db must be a finite number above 0, got {depth_db}")
        if overlap < 4:
            raise ValueError(f"overlap must be at least 4 frames, got {overlap}")
        if iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {iterations}")
        self.frame_seconds, self.overlap = tuple(frame_seconds), overlap
        self.iterations, self.depth_db = iterations, depth_db

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and the facts."""
        observation, task, sample_rate = problem.observation, problem.task, problem.sample_rate
        assert isinstance(task, Clipping)
        return self._declipped(observation, *task.bounds(observation), sample_rate), {}

    def declipped(self, observation: Tensor, sample_rate: int) -> Tensor:
        """A noisy recording, (channel, time), of which nothing is known: declipped where its tops are flat beyond doubt.

        What lay beyond is sought above the noise alone: it is the sound that comes back there, and none of its noise.
        """
        levels = flat_tops(observation, _SHORTEST, _FEWEST)
        return self._declipped(observation, *clipped_bounds(observation, *levels), sample_rate, noisy=True)

    def _declipped(self, observation: Tensor, lower: Tensor, upper: Tensor, sample_rate: int, noisy: bool = False) -> Tensor:
        estimate = observation.clone()
        for index in (lower < upper).any(-1).nonzero()[:, 0].tolist():
            low, high = lower[index : index + 1], upper[index : index + 1]
            noise_std = estimate_noise_std(observation[index : index + 1]) if noisy else 0.0
            made = []
            for seconds in self.frame_seconds:
                hop_length = 2 * max(1, round(seconds * sample_rate / self.overlap / 2))  # so that the frame is even
                frame = self.overlap * hop_length
                made.append(declip(low, high, frame, hop_length, self.iterations, self.depth_db, noise_std))
            estimate[index] = torch.cat(made).mean(0).clamp(low[0], high[0])
        return estimate
