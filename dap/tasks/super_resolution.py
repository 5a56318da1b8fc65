"""Super-resolution: what was heard had a lower sample rate; the band above its Nyquist frequency is missing."""

import torch
from torch import Tensor
import torch.nn.functional as F

from dap.dsp.resample import resample
from dap.tasks.task import Task

INTERPOLATIONS = ("sinc", "linear")
_PASSED = 0.875  # of the low Nyquist frequency: up to here `resample` passes everything within 1e-5; at 0.92 it is 1 dB down


class SuperResolution(Task):
    """observation = A reference: low-pass, keep each factor-th sample, and interpolate back to the rate of the reference.

    A is linear and stands in the data term, so what the prior puts above the low Nyquist frequency stays free. A sound that
    is damaged already is taken for the low-rate one: `receive` interpolates it, and all that follows is at ``factor`` times
    its rate.

    Args:
        factor: ratio of the rates, at least 2.
        interpolation: back to the high rate: "sinc" (windowed; nothing above the low Nyquist frequency), or "linear" (the
            EPFL/Bilat U-Net's way; the band is mirrored up, and droops by up to 8 dB towards the low Nyquist frequency).

    Raises:
        ValueError: factor below 2, an unknown interpolation.

    >>> task = SuperResolution(factor=2, interpolation="linear")
    >>> task.receive(torch.tensor([[0.0, 1.0, 0.0]]), 8000)
    (tensor([[0.0000, 0.5000, 1.0000, 0.5000, 0.0000, 0.0000]]), 16000)
    """

    def __init__(self, factor: int, interpolation: str = "sinc") -> None:
        super().__init__()
        if factor < 2:
            raise ValueError(f"factor must be at least 2, got {factor}")
        if interpolation not in INTERPOLATIONS:
            raise ValueError(f"interpolation must be one of {', '.join(INTERPOLATIONS)}, got {interpolation!r}")
        self.factor, self.interpolation = factor, interpolation

    def receive(self, damaged: Tensor, sample_rate: int) -> tuple[Tensor, int]:
        """A low-rate sound, (channel, time), interpolated: (channel, factor · time), and the high rate."""
        return self._interpolate(damaged, self.factor * damaged.shape[-1]), self.factor * sample_rate

    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """A reference; nothing is drawn."""
        return self.observe(reference)

    def observe(self, estimate: Tensor) -> Tensor:
        """A estimate, (channel, time)."""
        return self._interpolate(resample(estimate, self.factor, 1), estimate.shape[-1])

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """What was observed below 7/8 of the low Nyquist frequency, the estimate above, split in the DFT of the clip."""
        if self.interpolation == "linear":  # passes through the low-rate samples: these again, without droop and images
            observation = resample(observation[..., :: self.factor], 1, self.factor)[..., : observation.shape[-1]]
        n_samples = estimate.shape[-1]
        spec = torch.fft.rfft(estimate)
        n_passed = int(_PASSED * n_samples / 2 / self.factor) + 1
        spec[..., :n_passed] = torch.fft.rfft(observation)[..., :n_passed]
        finished: Tensor = torch.fft.irfft(spec, n_samples)
        return finished

    def _interpolate(self, low: Tensor, n_samples: int) -> Tensor:
        """(channel, ceil(n_samples / factor)) → (channel, n_samples)."""
        if self.interpolation == "sinc":
            return resample(low, 1, self.factor)[..., :n_samples]
        n_between = (low.shape[-1] - 1) * self.factor + 1  # from the first sample to the last; the last is then held
        rows = low.reshape(1, -1, low.shape[-1])
        high = F.interpolate(rows, size=n_between, mode="linear", align_corners=True)
        high = F.pad(high, (0, self.factor), mode="replicate")[..., :n_samples]
        return high.reshape(*low.shape[:-1], n_samples)
