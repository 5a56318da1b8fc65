"""Spectral subtraction: the power of the noise, and some more, is taken off the observation's."""

import math

from torch import Tensor

from dap.dsp.spectral_gain import subtraction_gain
from dap.methods.classical.spectral_filter import SpectralFilter


class SpectralSubtraction(SpectralFilter):
    """In each bin and frame of the STFT: |estimate|² = max(|observation|² − over_subtraction · noise, floor · noise).

    Args:
        noise, noise_std, lead_samples, frame_seconds: see `SpectralFilter`.
        over_subtraction: how many times the noise's power is taken off: more leaves less musical noise, and less sound.
        floor: share of the noise's power that stays, to cover the musical noise.

    Raises:
        ValueError: settings out of range.

    Reference: Berouti, Schwartz & Makhoul, "Enhancement of speech corrupted by acoustic noise", ICASSP 1979.

    >>> from dap.methods.problem import Problem
    >>> import torch
    >>> from dap.tasks.denoise import Denoise
    >>> noise = 0.1 * torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    >>> method = SpectralSubtraction(noise="known", noise_std=0.1)
    >>> bool(next(method.restore(Problem(noise, Denoise(noise_std=0.1), 8000))).estimate.std() < 0.05)
    True
    """

    def __init__(
        self,
        noise: str = "tracked",
        noise_std: float | None = None,
        lead_samples: int = 1024,
        frame_seconds: float = 0.032,
        over_subtraction: float = 2.0,
        floor: float = 0.02,
    ) -> None:
        super().__init__(noise, noise_std, lead_samples, frame_seconds)
        if not (math.isfinite(over_subtraction) and over_subtraction >= 0):
            raise ValueError(f"over_subtraction must be a number, at least 0, got {over_subtraction}")
        if not 0 <= floor <= 1:
            raise ValueError(f"floor must be from 0 to 1, got {floor}")
        self.over_subtraction, self.floor = over_subtraction, floor

    def gain(self, power: Tensor, noise: Tensor) -> Tensor:
        """From the powers of observation and noise, (channel, n_freq, n_frames)."""
        return subtraction_gain(power, noise, self.over_subtraction, self.floor)
