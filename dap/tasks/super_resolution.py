"""Super-resolution: what was heard had a lower sample rate; the band above its Nyquist frequency is missing."""

import copy
import math

import torch
from torch import Tensor
import torch.nn.functional as F

from dap.dsp.resample import resample
from dap.tasks.task import Task

INTERPOLATIONS = ("sinc", "linear")
_PASSED = 0.875  # of the low Nyquist frequency: what lies below is observed as it is
_PASSED_ELSEWHERE = 0.93  # where the sound came at the low rate: converters pass so much, and `resample` too
_TOLD = {"sinc": 0.1, "linear": 0.8}  # gain of the low-pass above which it is divided out (`resample` rolls off above)


class SuperResolution(Task):
    """observation = A reference: low-pass, keep each factor-th sample, and interpolate back to the rate of the reference.

    The low-pass is a gain in the DFT of the clip and its mirror image (so that its ends do no harm): 1 up to 7/8 of the low
    Nyquist frequency, a raised cosine from there to 0 at all of it; nothing is aliased. A is linear and stands in the data
    term, so what the prior puts above the low Nyquist frequency stays free. `finish` divides the gain out again where it is
    above 0.1 (sinc) or 0.8 (linear). A sound that is damaged already is taken for the low-rate one: `receive` interpolates
    it, all that follows is at ``factor`` times its rate, and what took its high band away is not known, so `finish` takes
    it as it is, up to 93 % of its Nyquist frequency.

    Args:
        factor: ratio of the rates, at least 2.
        interpolation: back to the high rate: "sinc" (nothing above the low Nyquist frequency), or "linear" (the
            EPFL/Bilat U-Net's way; the band is mirrored up, and droops by up to 8 dB towards the low Nyquist frequency).

    Raises:
        ValueError: factor below 2, an unknown interpolation.

    >>> task = SuperResolution(factor=2, interpolation="linear")
    >>> task.receive(torch.tensor([[0.0, 1.0, 0.0]]), 8000)
    (tensor([[0.0000, 0.5000, 1.0000, 0.5000, 0.0000, 0.0000]]), 16000)
    """

    name = "super_resolution"

    def __init__(self, factor: int, interpolation: str = "sinc") -> None:
        super().__init__()
        if factor < 2:
            raise ValueError(f"factor must be at least 2, got {factor}")
        if interpolation not in INTERPOLATIONS:
            raise ValueError(f"interpolation must be one of {', '.join(INTERPOLATIONS)}, got {interpolation!r}")
        self.factor, self.interpolation = factor, interpolation
        self.passed, self.told = _PASSED, _TOLD[interpolation]

    def receive(self, damaged: Tensor, sample_rate: int) -> tuple[Tensor, int]:
        """A low-rate sound, (channel, time), interpolated: (channel, factor · time), and the high rate."""
        return self._interpolate(damaged, self.factor * damaged.shape[-1]), self.factor * sample_rate

    def at(self, sample_rate: int, n_samples: int, generator: torch.Generator | None) -> Task:
        """Itself, or for a sound that came at the low rate: the task that knows no low-pass to divide out."""
        if generator is not None:
            return self
        task = copy.copy(self)
        task.passed, task.told = _PASSED_ELSEWHERE, 1.0
        return task

    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """A reference; nothing is drawn."""
        return self.observe(reference)

    def observe(self, estimate: Tensor) -> Tensor:
        """A estimate, (channel, time)."""
        low_passed = _filter(estimate, self._gain(estimate))
        if self.interpolation == "sinc":
            return low_passed  # with nothing above the low Nyquist frequency, each factor-th sample gives all the others
        return self._interpolate(low_passed[..., :: self.factor], estimate.shape[-1])

    def unobserved(self, estimate: Tensor) -> Tensor:
        """What the low-pass takes away, (channel, time)."""
        return estimate - _filter(estimate, self._gain(estimate))

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """The observation's band up to 97 % of the low Nyquist frequency (linear: 91 %), and the estimate's above."""
        gain = self._gain(estimate)
        known = torch.where(gain >= self.told, 1 / gain, 0.0)
        if self.interpolation == "sinc":
            return estimate + _filter(observation - _filter(estimate, gain), known)
        # Linear interpolation passes through the low-rate samples, and these are without its droop and images.
        missed = (observation - _filter(estimate, gain))[..., :: self.factor]
        return estimate + _filter(resample(missed, 1, self.factor)[..., : estimate.shape[-1]], known)

    def _gain(self, waveform: Tensor) -> Tensor:
        """Of the low-pass, for the n + 1 frequencies of a clip of n samples and its mirror image."""
        n_samples = waveform.shape[-1]
        frequency = torch.arange(n_samples + 1, device=waveform.device) * self.factor / n_samples  # 1 is the low Nyquist's
        across = ((frequency - self.passed) / (1 - self.passed)).clamp(0, 1)
        gain = torch.where(across < 1, 0.5 + 0.5 * torch.cos(math.pi * across), 0.0)
        return gain.to(waveform.dtype)

    def _interpolate(self, low: Tensor, n_samples: int) -> Tensor:
        """(channel, ceil(n_samples / factor)) → (channel, n_samples)."""
        if self.interpolation == "sinc":
            return resample(low, 1, self.factor)[..., :n_samples]
        n_between = (low.shape[-1] - 1) * self.factor + 1  # from the first sample to the last; the last is then held
        rows = low.reshape(1, -1, low.shape[-1])
        high = F.interpolate(rows, size=n_between, mode="linear", align_corners=True)
        high = F.pad(high, (0, self.factor), mode="replicate")[..., :n_samples]
        return high.reshape(*low.shape[:-1], n_samples)


def _filter(waveform: Tensor, gain: Tensor) -> Tensor:
    """Multiply the DFT of the clip and its mirror image with a gain; (channel, time) → (channel, time)."""
    n_samples = waveform.shape[-1]
    spec = torch.fft.rfft(torch.cat([waveform, waveform.flip(-1)], dim=-1))  # (channel, n_samples + 1)
    filtered: Tensor = torch.fft.irfft(gain * spec, 2 * n_samples)[..., :n_samples]
    return filtered
