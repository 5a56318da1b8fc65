"""The EPFL project's super-resolution: any low rate, and straight lines between its samples."""

import copy
import math

import torch
from torch import Tensor

from dap.dsp.resample import resample
from dap.tasks.task import Task

_NEGLIGIBLE = 1e-20  # of the normal equations' energy
_MOST_ITERATIONS = 200  # 20 to 40 where the rates are far apart; more the nearer they are


class Sample(Task):
    """observation = the reference brought to a low rate, and back by linear interpolation.

    On the way down `dap.dsp.resample` takes away what the low rate cannot hold; on the way back the band that is left droops
    towards the low Nyquist frequency and is mirrored above it. The rates need not be multiples of each other. Nothing of the
    observation is known to be as the reference was: `finish` leaves an estimate as it is, as the source does.

    Args:
        low_rate: Hz.
        high_rate: Hz, of the references; None takes each clip's own. A sound that is damaged already is one of the low rate
            where its rate is just that, and else one that was interpolated before.

    Raises:
        ValueError: a low rate that is not below the high one, or a clip of another rate than the high one.

    Reference: Bilat, "Denoising with Generative Models", semester project, EPFL, 2019 (``sample low_res high_res``).

    >>> task = Sample(low_rate=4000, high_rate=8000)
    >>> task.receive(torch.tensor([[0.0, 1.0, 0.0]]), 4000)
    (tensor([[0.0000, 0.5000, 1.0000, 0.5000, 0.0000, 0.0000]]), 8000)
    """

    name = "sample"

    def __init__(self, low_rate: int, high_rate: int | None = None) -> None:
        super().__init__()
        if low_rate < 1 or (high_rate is not None and high_rate <= low_rate):
            raise ValueError(f"rates must be 1 ≤ low_rate < high_rate Hz, got {low_rate} and {high_rate}")
        self.low_rate, self.high_rate = low_rate, high_rate
        self.rate = high_rate or 0  # of the clip

    def receive(self, damaged: Tensor, sample_rate: int) -> tuple[Tensor, int]:
        """A sound of the low rate, (channel, time), interpolated; another as it is."""
        if self.high_rate is None or sample_rate != self.low_rate:
            return damaged, sample_rate
        n_samples = math.ceil(damaged.shape[-1] * self.high_rate / self.low_rate)
        return stretched(damaged, self.low_rate, self.high_rate, n_samples), self.high_rate

    def at(self, sample_rate: int, n_samples: int, generator: torch.Generator | None) -> Task:
        """The task at the clip's rate."""
        if self.high_rate is not None and sample_rate != self.high_rate:
            raise ValueError(f"the clip has {sample_rate} Hz, expected high_rate = {self.high_rate}: set data.sample_rate")
        if sample_rate <= self.low_rate:
            raise ValueError(f"low_rate must be below the clip's {sample_rate} Hz, got {self.low_rate}")
        task = copy.copy(self)
        task.rate = sample_rate
        return task

    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """A reference, (channel, time); nothing is drawn."""
        return self.observe(reference)

    def observe(self, estimate: Tensor) -> Tensor:
        """The estimate, (channel, time), down and up again."""
        low = resample(estimate, self.rate, self.low_rate)
        return stretched(low, self.low_rate, self.rate, estimate.shape[-1])

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """The estimate as it is."""
        return estimate


def stretched(low: Tensor, low_rate: int, high_rate: int, n_samples: int) -> Tensor:
    """Linear interpolation from one rate (Hz) to a higher one; the last sample is held.

    Args:
        low: (..., time).
        n_samples: of the result.

    >>> stretched(torch.tensor([0.0, 2.0]), 1, 2, 4).tolist()
    [0.0, 1.0, 2.0, 2.0]
    """
    places = torch.arange(n_samples, device=low.device) * low_rate  # in units of 1 / high_rate of a low sample: exact
    before = (places // high_rate).clamp(max=low.shape[-1] - 1)
    after = (before + 1).clamp(max=low.shape[-1] - 1)
    share = ((places % high_rate).double() / high_rate).to(low.dtype)
    return low[..., before] + share * (low[..., after] - low[..., before])


def unstretched(high: Tensor, low_rate: int, high_rate: int) -> Tensor:
    """What `stretched` was made of, by least squares: conjugate gradients on the normal equations.

    Args:
        high: (..., time), of the high rate (Hz).

    Returns:
        (..., ceil(time · low_rate / high_rate)), float64.

    >>> low = torch.tensor([0.0, 2.0, -1.0])
    >>> [round(float(sample), 6) + 0.0 for sample in unstretched(stretched(low, 1, 2, 6), 1, 2)]
    [0.0, 2.0, -1.0]
    """
    n_samples = high.shape[-1]
    n_low = math.ceil(n_samples * low_rate / high_rate)
    places = torch.arange(n_samples, device=high.device) * low_rate
    before = (places // high_rate).clamp(max=n_low - 1)
    after = (before + 1).clamp(max=n_low - 1)
    share = (places % high_rate).double() / high_rate

    def adjoint(waveform: Tensor) -> Tensor:
        low = waveform.new_zeros(*waveform.shape[:-1], n_low)
        return low.index_add(-1, before, (1 - share) * waveform).index_add(-1, after, share * waveform)

    residual = adjoint(high.double())
    low, direction = torch.zeros_like(residual), residual
    energy = residual.square().sum(-1, keepdim=True)
    least = energy * _NEGLIGIBLE
    for _ in range(_MOST_ITERATIONS):
        if not (energy > least).any():
            break
        image = adjoint(stretched(direction, low_rate, high_rate, n_samples))
        step = energy / (direction * image).sum(-1, keepdim=True).clamp(min=torch.finfo(energy.dtype).tiny)
        low, residual = low + step * direction, residual - step * image
        before_energy, energy = energy, residual.square().sum(-1, keepdim=True)
        direction = residual + energy / before_energy.clamp(min=torch.finfo(energy.dtype).tiny) * direction
    return low
