"""Weighted prediction error: what of a spectrogram is foretold by its own past, as a room's reverberation is."""

import torch
from torch import Tensor
import torch.nn.functional as F

_LEAST_POWER = 1e-6  # by which a frame's error is divided, relative to the loudest bin
_BINS = 128  # worked on at once: memory


def predicted(spec: Tensor, n_taps: int, delay: int, iterations: int, ridge: float) -> Tensor:
    r"""The late reverberation, linearly predicted in each bin from frames at least ``delay`` back: to be subtracted.

        Ŝ_m = Y_m − Σ_k g*_k Y_{m−delay−k},  g = argmin Σ_m |Ŝ_m|² / λ_m + ridge · |g|²,  λ_m = |Ŝ_m|² of the iteration before

    A sound is sparse in time, and not foretold by what was that long ago; its reverberation is. The weights 1 / λ look for
    what is sparse; in the first iteration they are those of Y.

    Args:
        spec: (channel, n_freq, n_frames), complex; each channel by itself.
        n_taps: frames that are looked back on.
        delay: frames, at least 1: what is nearer counts as the sound itself.
        iterations: at least 1.
        ridge: relative to the mean power of the weighted frames: the larger, the less a short clip's own course is taken for
            reverberation.

    Returns:
        (channel, n_freq, n_frames).

    Reference: Nakatani et al., "Speech dereverberation based on variance-normalized delayed linear prediction", 2010;
    Yoshioka & Nakatani, "Generalization of multi-channel linear prediction methods for blind MIMO impulse response
    shortening", 2012. There is no ridge there.

    >>> noise = torch.randn(1, 1, 2000, dtype=torch.complex128, generator=torch.Generator().manual_seed(0))
    >>> sound = noise * (torch.arange(2000) % 80 < 20)
    >>> room = sound.clone()
    >>> for frame in range(2, 2000):
    ...     room[..., frame] += 0.5 * room[..., frame - 2]
    >>> left = room - predicted(room, n_taps=3, delay=2, iterations=9, ridge=1e-6) - sound
    >>> bool(left.abs().square().mean() < 1e-6 * (room - sound).abs().square().mean())    # since the sound is sparse
    True
    """
    least = max(_LEAST_POWER * float(spec.abs().square().max()), torch.finfo(spec.real.dtype).tiny)
    return torch.cat(
        [_of_bins(bins, n_taps, delay, iterations, ridge, least) for bins in torch.split(spec, _BINS, dim=-2)], dim=-2
    )


def _of_bins(spec: Tensor, n_taps: int, delay: int, iterations: int, ridge: float, least: float) -> Tensor:
    n_frames = spec.shape[-1]
    past = torch.stack([F.pad(spec, (k, 0))[..., :n_frames] for k in range(delay, delay + n_taps)], -2)  # (…, tap, frame)
    late = torch.zeros_like(spec)
    for _ in range(iterations):
        weighted = past / (spec - late).abs().square().clamp(min=least)[..., None, :]
        correlation = weighted @ past.mH  # (channel, n_freq, tap, tap)
        mean = correlation.diagonal(dim1=-2, dim2=-1).real.mean(-1)  # (channel, n_freq)
        loading = (ridge * mean).clamp(min=torch.finfo(mean.dtype).tiny)
        correlation = correlation + loading[..., None, None] * torch.eye(n_taps).to(correlation)
        filters = torch.linalg.solve(correlation, weighted @ spec.conj()[..., None])  # (channel, n_freq, tap, 1)
        late = (filters.mH @ past)[..., 0, :]
    return late
