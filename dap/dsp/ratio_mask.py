"""Masks on a mixture's spectrogram, and what a network sees of it."""

import torch
from torch import Tensor

_RANGE = 1e4  # 80 dB below the loudest bin a magnitude begins to pass for silence
_WEIGHT_RANGE = 1e2  # 40 dB, below which a bin is hardly heard beside the loudest


def log_magnitude(spec: Tensor) -> Tensor:
    """ln(1 + 10⁴ · |X| / max |X|): 0 in silence, and the same at every level.

    Args:
        spec: (batch, n_freq, n_frames), complex; the largest magnitude is of each item of the batch.

    >>> log_magnitude(torch.zeros(1, 2, 2)).max().item()
    0.0
    """
    return torch.log1p(_RANGE * _relative(spec))


def loudness_weight(spec: Tensor) -> Tensor:
    """ln(1 + 10² · |X| / max |X|) over its mean: what a bin's error may count; 1 on average, next to nothing in quiet bins.

    Args:
        spec: as of `log_magnitude`.

    >>> loudness_weight(torch.tensor([[[1.0, 1.0]], [[1.0, 0.0]]])).tolist()
    [[[1.0, 1.0]], [[2.0, 0.0]]]
    """
    weight = torch.log1p(_WEIGHT_RANGE * _relative(spec))
    return weight / weight.mean(dim=(-2, -1), keepdim=True).clamp(min=torch.finfo(weight.dtype).tiny)


def ratio_mask(target: Tensor, mixture: Tensor) -> Tensor:
    """|target| / |mixture| of two complex spectrograms, at most 1: the mask that a mixture times it is as loud as the target.

    Phases that differ make the ratio of two sources exceed 1 in sum, and of one source alone; hence the limit.

    >>> ratio_mask(torch.tensor([1.0, 3.0, 0.0]), torch.tensor([2.0, 2.0, 0.0])).tolist()
    [0.5, 1.0, 0.0]
    """
    magnitude = mixture.abs()
    ratio = target.abs() / magnitude.clamp(min=torch.finfo(magnitude.dtype).tiny)
    return torch.where(magnitude > 0, ratio, torch.zeros_like(ratio)).clamp(max=1)


def _relative(spec: Tensor) -> Tensor:
    """|X| / max |X| of each item."""
    magnitude = spec.abs()
    return magnitude / magnitude.amax(dim=(-2, -1), keepdim=True).clamp(min=torch.finfo(magnitude.dtype).tiny)
