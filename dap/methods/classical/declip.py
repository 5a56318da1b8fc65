"""Declipping: sparse sounds that would have been clipped to the observation, and what linear prediction makes of them."""

import math

import torch
from torch import Tensor

from dap.dsp.clipping import flat_tops
from dap.dsp.consistent_sparse import consistent_sparse
from dap.dsp.declip_autoregressive import refine
from dap.dsp.noise import estimate_noise_std
from dap.dsp.tight_frame import TightFrame
from dap.methods.classical.declipper import Declipper
from dap.tasks.clipping import clipped_bounds

_SHORTEST, _FEWEST = 3, 3  # samples in a run and runs a side that no unclipped recording has: docs/declipping.md
_ABOVE_NOISE = 2.0  # times the noise in a bin, where the threshold ends: what is weaker is the noise clipped with the sound
_MODEL_SECONDS = 0.046  # frames of the autoregressive models


class Declip(Declipper):
    """Alternating directions between the sounds that fit and those of few strong bins: `dap.dsp.consistent_sparse`.

    Once with frames of each length, and the mean of what comes out: their errors differ. Then linear prediction makes the
    clipped samples anew from that mean, with models of each order, and these are averaged with it, each twice its weight.

    Where most of a loud sound is clipped, much has to be found, and turns are few: if by the mean of the first two lengths the
    recording's SDR is below ``slow_below_db``, the other lengths get ``slow_iterations`` turns on frames that overlap by half,
    with a wider neighborhood, and linear prediction, which then only draws to the level, is left out. Memory grows with
    the length of the sound; method=restore works window by window.

    Args:
        frame_seconds: lengths of the frames, shortest first, rounded to a power of two in samples. The work grows with their
            number.
        iterations: number of turns.
        depth_db: how far the threshold falls in these turns, from the strongest bin on.
        slow_below_db: estimated input SDR; −inf: never slow.
        slow_iterations: turns where the sound is slow to come back.
        order_seconds: orders of the autoregressive models; none: no linear prediction.

    Raises:
        ValueError: settings out of range; from `restore`, a task that is not clipping.
    """

    def __init__(
        self,
        frame_seconds: tuple[float, ...] = (0.023, 0.046, 0.093, 0.186, 0.372),
        iterations: int = 250,
        depth_db: float = 60.0,
        slow_below_db: float = 4.0,
        slow_iterations: int = 1200,
        order_seconds: tuple[float, ...] = (0.006, 0.012),
    ) -> None:
        super().__init__()
        if not frame_seconds or not all(math.isfinite(seconds) and seconds > 0 for seconds in frame_seconds):
            raise ValueError(f"frame_seconds must be lengths above 0 s, at least one, got {list(frame_seconds)}")
        if not all(math.isfinite(seconds) and seconds > 0 for seconds in order_seconds):
            raise ValueError(f"order_seconds must be lengths above 0 s, got {list(order_seconds)}")
        if not (math.isfinite(depth_db) and depth_db > 0):
            raise ValueError(f"depth_db must be a finite number above 0, got {depth_db}")
        if math.isnan(slow_below_db):
            raise ValueError(f"slow_below_db must be a number of dB or -inf, got {slow_below_db}")
        for name, value in (("iterations", iterations), ("slow_iterations", slow_iterations)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.frame_seconds, self.order_seconds = tuple(frame_seconds), tuple(order_seconds)
        self.iterations, self.depth_db = iterations, depth_db
        self.slow_below_db, self.slow_iterations = slow_below_db, slow_iterations

    def channel(self, lower: Tensor, upper: Tensor, sample_rate: int) -> Tensor:
        """The mean of the sparse estimates and of those by linear prediction."""
        sparse, slow = self._sparse(lower, upper, sample_rate)
        if slow or not self.order_seconds:
            return sparse
        frame = 2 * max(1, round(_MODEL_SECONDS * sample_rate / 2))
        total = sparse.clone()
        for seconds in self.order_seconds:
            order = max(1, round(seconds * sample_rate))
            total += 2 * refine(sparse[0], lower[0], upper[0], order, frame)
        return total / (1 + 2 * len(self.order_seconds))

    def declipped(self, observation: Tensor, sample_rate: int) -> Tensor:
        """A noisy recording, (channel, time), of which nothing is known: declipped where its tops are flat beyond doubt.

        What lay beyond is sought above the noise alone: it is the sound that comes back there, and none of its noise. So there
        is no linear prediction, which would make the noise anew too.
        """
        lower, upper = clipped_bounds(observation, *flat_tops(observation, _SHORTEST, _FEWEST))
        estimate = observation.clone()
        for index in (lower < upper).any(-1).nonzero()[:, 0].tolist():
            one = slice(index, index + 1)
            noise_std = estimate_noise_std(observation[one])
            estimate[one] = self._sparse(lower[one], upper[one], sample_rate, noise_std)[0]
        return estimate

    def _sparse(self, lower: Tensor, upper: Tensor, sample_rate: int, noise_std: float = 0.0) -> tuple[Tensor, bool]:
        """(1, time), within the bounds: the mean over the lengths; and whether the sound is slow to come back."""
        made: list[Tensor] = []
        slow = False
        floor = _ABOVE_NOISE * noise_std
        lengths = [max(4, 2 ** round(math.log2(seconds * sample_rate))) for seconds in self.frame_seconds]
        for index, length in enumerate(lengths):
            if index == 2 and _input_sdr_db(torch.cat(made).mean(0), lower, upper) < self.slow_below_db:
                slow = True
            if not slow:
                frame, turns, around = TightFrame(length, length // 4), self.iterations, (1, 5)
            else:
                frame, turns, around = TightFrame(length, length // 2), self.slow_iterations, (3, 3)
            made.append(consistent_sparse(lower, upper, frame.to(lower.device), turns, self.depth_db, around, floor))
        return torch.cat(made).mean(0, keepdim=True).clamp(lower, upper), slow


def _input_sdr_db(estimate: Tensor, lower: Tensor, upper: Tensor) -> float:
    """The SDR that clipping left, 10 log10 Σ x² / Σ (x − clipped x)², by an estimate of the sound."""
    lost = estimate - torch.zeros_like(lower).clamp(lower, upper)
    return 10 * math.log10(float(estimate.double().square().sum()) / max(float(lost.double().square().sum()), 1e-300) + 1e-300)
