"""Signals made from a formula: tones and noise, float32 waveforms (time,)."""

import math

import torch
from torch import Tensor


def tones(frequencies_hz: list[float], n_samples: int, sample_rate: int, amplitude: float = 1.0) -> Tensor:
    """Sum of sines that start at phase zero, scaled so that its peak is ``amplitude``.

    Args:
        frequencies_hz: one a sine, below the Nyquist frequency.
        n_samples, sample_rate: length in samples, and Hz.

    Raises:
        ValueError: no frequency, or one out of range.

    >>> tones([1000.0], 4, 4000).round(decimals=3).tolist()
    [0.0, 1.0, 0.0, -1.0]
    """
    if not frequencies_hz or not all(0 < frequency < sample_rate / 2 for frequency in frequencies_hz):
        raise ValueError(f"frequencies_hz must lie between 0 and {sample_rate / 2} Hz, got {frequencies_hz}")
    if n_samples < 1:
        raise ValueError(f"n_samples must be at least 1, got {n_samples}")
    seconds = torch.arange(n_samples, dtype=torch.float64) / sample_rate
    total = torch.stack([torch.sin(2 * math.pi * frequency * seconds) for frequency in frequencies_hz]).sum(0)
    return (amplitude * total / total.abs().max()).float()


def white_noise(shape: tuple[int, ...], std: float, generator: torch.Generator) -> Tensor:
    """Independent N(0, std²) samples, drawn on the CPU so that every device gets the same.

    >>> white_noise((2, 3), 0.0, torch.Generator()).abs().sum()
    tensor(0.)
    """
    return std * torch.randn(shape, generator=generator)
