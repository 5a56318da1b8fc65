"""Social sparsity: a spectral bin is kept for the energy of its neighborhood, as partials last and artifacts do not."""

import torch
from torch import Tensor


def neighborhood_energy(spec: Tensor, n_freq: int, n_frames: int) -> Tensor:
    """The mean energy around each bin, over n_freq bins by n_frames frames; beyond the borders the spectrum is mirrored.

    Args:
        spec: (…, freq, frame), complex.
        n_freq, n_frames: odd; 1 by 1 is the bin's own energy.

    Returns:
        (…, freq, frame), real.

    Reference: Siedenburg, Kowalski and Dörfler, "Audio declipping with social sparsity", ICASSP 2014.

    >>> neighborhood_energy(torch.tensor([[0, 3j, 0, 0, 0]]), 1, 3).tolist()
    [[6.0, 3.0, 3.0, 0.0, 0.0]]
    """
    energy = spec.real.square() + spec.imag.square()
    return _mean_around(_mean_around(energy, -2, n_freq), -1, n_frames)


def persistent_wiener(spec: Tensor, threshold: float | Tensor, n_freq: int = 3, n_frames: int = 7) -> Tensor:
    """The persistent empirical Wiener shrinkage: each bin times (1 − λ² / Ē)₊, Ē the mean energy of its neighborhood.

    Args:
        spec: (…, freq, frame), complex.
        threshold: λ, in the spectrum's units.
        n_freq, n_frames: of the neighborhood, odd.

    Reference: Siedenburg, Kowalski and Dörfler, ICASSP 2014, Section 3.2; Kowalski, Siedenburg and Dörfler, "Social sparsity!
    Neighborhood systems enrich structured shrinkage operators", IEEE Trans. Signal Processing 61(10), 2013.

    >>> persistent_wiener(torch.tensor([[2 + 0j, 2j, 2]]), 1.0, 1, 1).tolist()                 # 2 · (1 − 1/4)
    [[(1.5+0j), 1.5j, (1.5+0j)]]
    """
    energy = neighborhood_energy(spec, n_freq, n_frames).clamp(min=torch.finfo(spec.real.dtype).tiny)
    return spec * (1 - threshold**2 / energy).clamp(min=0)


def _mean_around(values: Tensor, dim: int, width: int) -> Tensor:
    """The mean over ``width`` values, those to both sides of each along a dimension."""
    if width == 1:
        return values
    length = values.shape[dim]
    mirrored = values.index_select(dim, _mirrored(length, width // 2).to(values.device))
    total = mirrored.narrow(dim, 0, length).clone()
    for shift in range(1, width):
        total += mirrored.narrow(dim, shift, length)
    return total / width


def _mirrored(length: int, beyond: int) -> Tensor:
    """Indices from −beyond to length + beyond, reflected at the first and the last without repeating them."""
    period = max(2 * length - 2, 1)
    place = torch.arange(-beyond, length + beyond) % period
    return torch.minimum(place, period - place) if length > 1 else torch.zeros_like(place)
