"""Denoising by block thresholding of the spectrogram."""

import torch
from torch import Tensor

from dap.dsp.block_threshold import block_threshold_gain
from dap.methods.classical.spectral_filter import SpectralFilter


class BlockThreshold(SpectralFilter):
    """Time-frequency block thresholding (`dap.dsp.block_threshold`), then a Wiener filter of which the result is the pilot.

    The frames of the STFT are a quarter of their length apart: every second of them is one spectrogram as published, those
    between another, and their sum the mean of both.

    Args:
        noise, noise_std, lead_samples, frame_seconds: see `SpectralFilter`.
        wiener: False: the blocks' gain alone.

    Raises:
        ValueError: settings out of range.

    Reference: Yu, Mallat and Bacry, "Audio denoising by time-frequency block thresholding", IEEE Trans. SP 56(5), 2008
    (frames of 50 ms, and the empirical Wiener filter).
    """

    def __init__(
        self,
        noise: str = "tracked",
        noise_std: float | None = None,
        lead_samples: int = 1024,
        frame_seconds: float = 0.05,
        wiener: bool = True,
    ) -> None:
        super().__init__(noise, noise_std, lead_samples, frame_seconds)
        self.wiener = wiener

    def gain(self, power: Tensor, noise: Tensor) -> Tensor:
        """From the powers of observation and noise, (channel, n_freq, n_frames)."""
        noise = noise.clamp(min=torch.finfo(noise.dtype).tiny).expand_as(power)
        made = torch.empty_like(power)
        for first in (0, 1):
            made[..., first::2] = block_threshold_gain(power[..., first::2], noise[..., first::2])
        if not self.wiener:
            return made
        pilot = made.square() * power
        return pilot / (pilot + noise)
