"""Signals made from a formula: tones and noise, float32 waveforms (time,)."""

from collections.abc import Callable
from functools import partial
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


def coloured_noise(shape: tuple[int, ...], exponent: float, generator: torch.Generator) -> Tensor:
    """Gaussian noise of power ∝ 1 / frequency^exponent, without its mean over twice the length, RMS 1 in each channel.

    Args:
        shape: (..., time).
        exponent: 0 is white, 1 pink (−3 dB an octave), 2 brown (−6 dB an octave).

    >>> noise = coloured_noise((2, 1000), 1.0, torch.Generator())
    >>> noise.square().mean(-1).round(decimals=3).tolist()
    [1.0, 1.0]
    """
    n_samples = shape[-1]
    n_drawn = 2 * n_samples  # shaped noise has this period: the half that is kept does not come round to its beginning
    spec = torch.fft.rfft(torch.randn((*shape[:-1], n_drawn), generator=generator))
    frequency = torch.arange(spec.shape[-1])
    gain = torch.where(frequency > 0, frequency.clamp(min=1) ** (-exponent / 2), 0.0)
    noise = torch.fft.irfft(gain * spec, n_drawn)[..., :n_samples]
    scaled: Tensor = noise / noise.square().mean(-1, keepdim=True).sqrt()
    return scaled


def tpdf_noise(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """White noise of triangular distribution over ±√6, the sum of two uniform ones: standard deviation 1.

    >>> float(tpdf_noise((1000,), torch.Generator()).abs().max()) <= 6**0.5
    True
    """
    first, second = torch.rand(2, *shape, generator=generator)
    scaled: Tensor = math.sqrt(6) * (first + second - 1)
    return scaled


NOISES: dict[str, Callable[..., Tensor]] = {
    "white": partial(white_noise, std=1.0),
    "pink": partial(coloured_noise, exponent=1.0),
    "brown": partial(coloured_noise, exponent=2.0),
    "tpdf": tpdf_noise,
}
"""Noises of standard deviation 1, each called with (shape, generator=…)."""
