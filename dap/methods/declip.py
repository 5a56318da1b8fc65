"""Declipping: the sparsest sound that would have been clipped to the observation."""

from collections.abc import Iterator
import math

from torch import Tensor

from dap.dsp.clipping import flat_tops
from dap.dsp.declip import declip
from dap.dsp.noise import estimate_noise_std
from dap.methods.iterate import Iterate
from dap.methods.method import Method
from dap.tasks.clipping import Clipping, clipped_bounds
from dap.tasks.task import Task

_SHORTEST, _FEWEST = 3, 3  # samples in a run and runs a side that no unclipped recording has: docs/declipping.md


class Declip(Method):
    """Alternating directions between the sounds that fit the observation and those of few strong bins: `dap.dsp.declip`.

    Samples that were not clipped stay as they are, and those that were end at or beyond their level. Each channel is on its
    own. Memory grows with the length of the sound; method=restore works window by window.

    Args:
        frame_seconds: length of the frames, rounded to an even number of samples a hop.
        overlap: frames that each sample lies in, at least 4.
        iterations: number of turns.
        depth_db: how far the threshold falls in these turns, from the strongest bin on.

    Raises:
        ValueError: settings out of range; from `restore`, a task that is not clipping.
    """

    def __init__(self, frame_seconds: float = 0.096, overlap: int = 4, iterations: int = 200, depth_db: float = 60.0) -> None:
        super().__init__()
        for name, value in (("frame_seconds", frame_seconds), ("depth_db", depth_db)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a finite number above 0, got {value}")
        if overlap < 4:
            raise ValueError(f"overlap must be at least 4 frames, got {overlap}")
        if iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {iterations}")
        self.frame_seconds, self.overlap, self.iterations, self.depth_db = frame_seconds, overlap, iterations, depth_db

    def restore(self, observation: Tensor, task: Task, sample_rate: int, reference: Tensor | None = None) -> Iterator[Iterate]:
        """Yield the one estimate."""
        if not isinstance(task, Clipping):
            raise ValueError("declip is for saturated sound: take task=clipping")
        return iter([Iterate(0, None, self._declipped(observation, *task.bounds(observation), sample_rate))])

    def declipped(self, observation: Tensor, sample_rate: int) -> Tensor:
        """A noisy recording, (channel, time), of which nothing is known: declipped where its tops are flat beyond doubt.

        What lay beyond is sought above the noise alone: it is the sound that comes back there, and none of its noise.
        """
        levels = flat_tops(observation, _SHORTEST, _FEWEST)
        return self._declipped(observation, *clipped_bounds(observation, *levels), sample_rate, noisy=True)

    def _declipped(self, observation: Tensor, lower: Tensor, upper: Tensor, sample_rate: int, noisy: bool = False) -> Tensor:
        estimate = observation.clone()
        hop_length = 2 * max(1, round(self.frame_seconds * sample_rate / self.overlap / 2))  # so that the frame is even
        for index in (lower < upper).any(-1).nonzero()[:, 0].tolist():
            channel = slice(index, index + 1)
            noise_std = estimate_noise_std(observation[channel]) if noisy else 0.0
            frame = self.overlap * hop_length
            estimate[channel] = declip(
                lower[channel], upper[channel], frame, hop_length, self.iterations, self.depth_db, noise_std
            )
        return estimate
