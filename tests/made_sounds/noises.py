"""Noises such as lie behind a voice: rain and mains hum."""

import math

import torch
from torch import Tensor

from dap.dsp.signals import coloured_noise


def rain(n_samples: int, sample_rate: int, generator: torch.Generator) -> Tensor:
    """Drops, some 2000 a second and some louder than others, before the pink noise of those farther away: (time,), RMS 1."""
    decay = torch.exp(-torch.arange(round(0.005 * sample_rate), dtype=torch.float64) / (0.001 * sample_rate))
    drops = torch.rand(n_samples, generator=generator, dtype=torch.float64) < 2000 / sample_rate
    loudness = drops * torch.randn(n_samples, generator=generator, dtype=torch.float64).mul(0.7).exp()
    envelope = torch.nn.functional.conv1d(loudness[None, None], decay.flip(0)[None, None], padding=len(decay) - 1)
    hiss = torch.randn(n_samples, generator=generator, dtype=torch.float64)
    return _at_rms_1(envelope[0, 0, :n_samples] * hiss + 0.5 * coloured_noise((n_samples,), 1.0, generator))


def hum(n_samples: int, sample_rate: int, generator: torch.Generator) -> Tensor:
    """Mains of 50 Hz with its harmonics, the odd ones louder, over brown noise: (time,), RMS 1."""
    seconds = torch.arange(n_samples, dtype=torch.float64) / sample_rate
    tone = sum((1.0 if k % 2 else 0.4) / k * torch.sin(2 * math.pi * 50 * k * seconds + k) for k in range(1, 13))
    return _at_rms_1(tone + 0.3 * coloured_noise((n_samples,), 2.0, generator))


def _at_rms_1(noise: Tensor) -> Tensor:
    return noise / noise.square().mean().sqrt()
