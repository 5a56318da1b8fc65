"""How the magnitudes of pictures, spectrograms and waveforms fall off with (spatial) frequency."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Falloff:
    """Mean magnitude over frequency, and the power law nearest to it.

    Args:
        frequency: cycles per sample, above 0 and up to 0.5: (n,).
        magnitude: mean over patches and directions: (n,).
        slope: of the straight line through log magnitude over log frequency; natural pictures have about −1 (power: −2).
    """

    frequency: Tensor
    magnitude: Tensor
    slope: float


def patches(signal: Tensor, size: int, n_patches: int, generator: torch.Generator) -> Tensor:
    """Parts of a signal at random places: (time,) → (n, size), or (height, width) → (n, size, size).

    Raises:
        ValueError: the signal is smaller than a patch.
    """
    if min(signal.shape) < size:
        raise ValueError(f"a signal of {' × '.join(map(str, signal.shape))} is smaller than a patch of {size}")
    starts = [torch.randint(length - size + 1, (n_patches,), generator=generator).tolist() for length in signal.shape]
    places = [tuple(slice(start, start + size) for start in corner) for corner in zip(*starts, strict=True)]
    return torch.stack([signal[place] for place in places])


def falloff(signals: Tensor) -> Falloff:
    """Statistics of equally long signals, (n, time), or equally large square pictures, (n, size, size).

    Each is freed of its mean and faded at its edges by a Hann window; of pictures the frequencies in all directions that are
    as far from 0 are averaged, in rings one bin wide.

    Reference: Torralba & Oliva, "Statistics of natural image categories", 2003; Zhang et al., ICLR 2020, Fig. 2.

    >>> noise = torch.randn(200, 256, generator=torch.Generator().manual_seed(0))
    >>> round(falloff(noise).slope, 1), round(falloff(noise.cumsum(-1)).slope)      # 0 and 6 dB an octave
    (0.0, -1)
    """
    size, axes = signals.shape[-1], tuple(range(1, signals.ndim))
    window = torch.hann_window(size, periodic=False, dtype=torch.float64)
    window = window if signals.ndim == 2 else window[:, None] * window
    centred = signals.double() - signals.double().mean(axes, keepdim=True)
    magnitude = torch.fft.fftn(centred * window, dim=axes).abs().mean(0)  # (size,) or (size, size)
    frequency = torch.fft.fftfreq(size, dtype=torch.float64)
    distance = frequency.abs() if signals.ndim == 2 else (frequency[:, None].square() + frequency.square()).sqrt()
    ring = (distance * size).round().long().flatten()
    count = torch.bincount(ring).clamp(min=1)
    mean = torch.bincount(ring, magnitude.flatten()) / count
    kept = torch.arange(1, size // 2 + 1)
    return Falloff(kept / size, mean[kept], _slope((kept / size).log(), mean[kept].log()))


def _slope(x: Tensor, y: Tensor) -> float:
    """Of the line of least squares, each octave weighing as much."""
    weight = torch.exp(-x)
    x_mean, y_mean = ((weight * values).sum() / weight.sum() for values in (x, y))
    return float((weight * (x - x_mean) * (y - y_mean)).sum() / (weight * (x - x_mean).square()).sum())
