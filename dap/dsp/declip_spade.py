"""Declipping by sparsity as A-SPADE is published: frame by frame, the k largest bins, and k grows until they explain it all."""

import torch
from torch import Tensor

from dap.dsp.tight_frame import TightFrame


def declip_spade(
    lower: Tensor, upper: Tensor, frame: TightFrame, increment: int = 1, period: int = 1, tolerance: float = 0.1
) -> Tensor:
    r"""Each windowed frame restored on its own by alternating directions, and the frames added up again.

    With A the DFT of a frame filled up with zeros, Γ what the frame may have been and u = 0 at first, each turn is

        z ← the k largest bins of A x + u;   x ← the point of Γ nearest to A*(z − u);   u ← u + A x − z,

    and k grows by ``increment`` each ``period`` turns. A frame ends where ‖A x − z‖ ≤ ``tolerance``, or where all bins are
    kept; what is taken is the turn at which that was least.

    Args:
        lower, upper: (1, time); equal where a sample is known.
        frame: its window cuts and joins the frames, its n_fft is the DFT's length.
        increment, period: s and r of the papers.
        tolerance: ε, in the sound's units times √samples.

    Returns:
        (1, time), within the bounds.

    Reference: Kitić, Bertin and Gribonval, "Sparsity and cosparsity for audio declipping", LVA/ICA 2015; the projection:
    Záviška, Rajmic, Mokrý and Průša, "A proper version of synthesis-based sparse audio declipper", ICASSP 2019.

    >>> tone = torch.sin(torch.arange(2000) / 8)[None]
    >>> lower, upper = tone.clamp(max=0.7), torch.where(tone > 0.7, torch.inf, tone)
    >>> estimate = declip_spade(lower, upper, TightFrame(256, 64, 512), tolerance=0.01)
    >>> float((tone - lower).norm() / (tone - estimate).norm()) > 3
    True
    """
    low, high = _bounds(lower, frame), _bounds(upper, frame)
    made = torch.zeros_like(low).clamp(low, high)
    active = (low < high).any(-1).nonzero()[:, 0]
    n_bins = frame.n_fft // 2 + 1
    current = made[active]
    spec = torch.fft.rfft(current, frame.n_fft, norm="ortho")
    left, least = torch.zeros_like(spec), made.new_full((len(active),), torch.inf)
    for turn in range(-(-n_bins // increment) * period):
        sparse = _largest(spec + left, min(increment * (1 + turn // period), n_bins))
        distance = _norm(spec - sparse)
        nearer = distance <= least
        made[active[nearer]], least = current[nearer], torch.minimum(distance, least)
        going = distance > tolerance
        if not going.any():
            break
        if not going.all():
            active, least, sparse, left, spec = (part[going] for part in (active, least, sparse, left, spec))
        nearest = torch.fft.irfft(sparse - left, frame.n_fft, norm="ortho")[:, : frame.n_window]
        current = nearest.clamp(low[active], high[active])
        spec = torch.fft.rfft(current, frame.n_fft, norm="ortho")
        left = left + spec - sparse
    return frame.overlap_add(made, lower.shape[-1])[None].clamp(lower, upper)


def _bounds(waveform: Tensor, frame: TightFrame) -> Tensor:
    """The bounds of windowed frames, (1, time) → (n_frames, n_window); where the window is 0 the frame is."""
    frames = frame.frames(waveform)[0]
    return frames.nan_to_num(nan=0.0, posinf=torch.inf, neginf=-torch.inf)  # 0 · ∞


def _largest(spec: Tensor, count: int) -> Tensor:
    """Of each frame's bins, (n_frames, n_freq), the largest, and 0 for the others."""
    magnitude = spec.abs()
    least = magnitude.kthvalue(magnitude.shape[-1] - count + 1, dim=-1, keepdim=True).values
    return spec.where(magnitude >= least, 0)


def _norm(spec: Tensor) -> Tensor:
    """‖·‖₂ over all bins of a frame's DFT, those of negative frequency too; (n_frames, n_freq) → (n_frames,)."""
    energy = spec.real.square() + spec.imag.square()
    return (2 * energy.sum(-1) - energy[:, 0] - energy[:, -1]).sqrt()
