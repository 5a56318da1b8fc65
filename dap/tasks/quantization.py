"""Quantisation: what was kept of each sample is the nearest of a few levels."""

import math

import torch
from torch import Tensor

from dap.tasks.task import Task

_MAX_LEVELS = 2**24  # float32 tells no more of them apart


class Quantization(Task):
    """observation = the middle of the cell that the sample lies in; n equal cells over [−1, 1], the outermost ones open.

    In the data term an estimate is observed as it is, so the error of quantisation counts as noise (as in the paper);
    what is known for certain, the cell of every sample, is imposed by `finish`. It clamps to an interval that holds the
    truth, so it makes the error of no sample worse.

    Args:
        n_levels: number of levels over [−1, 1].
        n_bits: the same in bits: 2^n_bits levels. None of the two: 16 levels, the paper's.
        mu_law: µ of the companding sign(x) ln(1 + µ|x|) / ln(1 + µ) before (telephony: 255); None is uniform.
        mid_tread: a level at 0, as the values of a PCM file have; otherwise 0 is the border of two cells.

    Raises:
        ValueError: both n_levels and n_bits, fewer than 2 levels, mu_law not above 0; from `receive`, values
            that are none of the levels.

    Reference: Zhang et al., ICLR 2020, Sec. 4.3; companding as in ITU-T G.711.

    >>> task = Quantization(n_levels=4)
    >>> observation = task.degrade(torch.tensor([-1.0, -0.1, 0.3, 0.9]), torch.Generator())
    >>> observation.tolist()
    [-0.75, -0.25, 0.25, 0.75]
    >>> task.finish(torch.tensor([-0.875, 0.25, 0.375, 0.25]), observation).tolist()
    [-0.875, 0.0, 0.375, 0.5]
    """

    name = "quantization"
    identity = True
    local = True

    def __init__(
        self,
        n_levels: int | None = None,
        n_bits: int | None = None,
        mu_law: float | None = None,
        mid_tread: bool = False,
    ) -> None:
        super().__init__()
        if n_levels is not None and n_bits is not None:
            raise ValueError(f"give one of n_levels and n_bits, got {n_levels} and {n_bits}")
        if n_bits is not None and not 1 <= n_bits <= 24:
            raise ValueError(f"n_bits must be from 1 to 24, got {n_bits}")
        levels = n_levels if n_levels is not None else 2 ** (4 if n_bits is None else n_bits)
        if not 2 <= levels <= _MAX_LEVELS:
            raise ValueError(f"n_levels must be from 2 to {_MAX_LEVELS}, got {levels}")
        if mu_law is not None and not (math.isfinite(mu_law) and mu_law > 0):
            raise ValueError(f"mu_law must be a number above 0 or null, got {mu_law}")
        self.n_levels, self.mu_law = levels, mu_law
        self.facts = {"n_levels": levels}
        self.offset = 0.0 if mid_tread else 0.5  # of level k, −1 + (k + offset) · 2 / n

    def receive(self, damaged: Tensor, sample_rate: int) -> tuple[Tensor, int]:
        """A quantised sound, rid of the rounding by the file that it came from."""
        nearest = self._level(self._cell(damaged))
        away = (self._compress(nearest) - self._compress(damaged)).abs() > 0.25 * 2 / self.n_levels
        if away.any():
            raise ValueError(
                f"the damaged clip's value {float(damaged[away][0]):.6g} is none of the {self.n_levels} levels"
                " (data.peak=null leaves the level of the file as it is)"
            )
        return nearest, sample_rate

    def known_noise_std(self, observation: Tensor) -> float | None:
        """What a sample uniform over its cell deviates from the middle: width / √12, over the cells observed."""
        cell = self._cell(observation)
        return float((self._edge(cell + 1) - self._edge(cell)).square().mean().sqrt()) / math.sqrt(12)

    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """The reference, (channel, time), each sample replaced by its level; nothing is drawn."""
        return self._level(self._cell(reference))

    def observe(self, estimate: Tensor) -> Tensor:
        """What of the estimate is compared with the observation: all of it."""
        return estimate

    def bounds(self, observation: Tensor) -> tuple[Tensor, Tensor]:
        """Between what each sample lay, of the observation's shape and type; ±∞ beyond the outermost levels."""
        cell = self._cell(observation)
        low, high = (self._edge(cell + side) for side in (0, 1))
        low = torch.where(cell <= 0, -math.inf, low)
        high = torch.where(cell >= self.n_levels - 1, math.inf, high)
        return low.to(observation), high.to(observation)

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """The estimate, each sample clamped into the cell that was observed."""
        low, high = self.bounds(observation)
        return torch.minimum(torch.maximum(estimate, low.to(estimate)), high.to(estimate))

    def _cell(self, waveform: Tensor) -> Tensor:
        """The index of each sample's cell, as float64."""
        scaled = (self._compress(waveform.double()) + 1) * self.n_levels / 2 - self.offset + 0.5
        return scaled.floor().clamp(0, self.n_levels - 1)

    def _level(self, cell: Tensor) -> Tensor:
        return self._edge(cell + 0.5).float()

    def _edge(self, cell: Tensor) -> Tensor:
        """Where a cell begins, or its middle for an index of half a cell more."""
        return self._expand(-1 + (cell - 0.5 + self.offset) * 2 / self.n_levels)

    def _compress(self, waveform: Tensor) -> Tensor:
        if self.mu_law is None:
            return waveform
        return waveform.sign() * (self.mu_law * waveform.abs()).log1p() / math.log1p(self.mu_law)

    def _expand(self, compressed: Tensor) -> Tensor:
        if self.mu_law is None:
            return compressed
        return compressed.sign() * (compressed.abs() * math.log1p(self.mu_law)).expm1() / self.mu_law
