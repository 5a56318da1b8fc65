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

    and k grows by ``increment`` each ``period`` turns. A frame ends where ‖A x − z‖ ≤ ``tolerance``, or where all bins are kept;
    what is taken is the turn at which that was least.

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
    >>> float((tone - lower).norm() / (tone - estimate).norm()) > 10
    True
    """
    window, start = frame.window.to(lower), torch.zeros_like(lower).clamp(lower, upper)
    low, high, made = (_frames(waveform, frame, window) for waveform in (lower, upper, start))
    n_bins, tops = frame.n_fft // 2 + 1, (low < high).any(-1)
    active = tops.nonzero()[:, 0]
    current, left = made[active], torch.zeros(len(active), n_bins, dtype=torch.complex64).to(torch.view_as_complex(made.new_zeros(1, 2)))
    least = made.new_full((len(active),), torch.inf)
    spec = torch.fft.rfft(current, frame.n_fft, norm="ortho")
    for turn in range(-(-n_bins // increment) * period):
        if active.numel() == 0:
            break
        sparse = _largest(spec + left, min(increment * (1 + turn // period), n_bins))
        distance = _norm(spec - sparse)
        nearer = distance <= least
        made[active[nearer]], least = current[nearer], torch.minimum(distance, least)
        going = distance > tolerance
        if not going.all():
            active, least, sparse, left, spec = active[going], least[going], sparse[going], left[going], spec[going]
        nearest = torch.fft.irfft(sparse - left, frame.n_fft, norm="ortho")[:, : frame.n_window]
        current = nearest.clamp(low[active], high[active])
        spec = torch.fft.rfft(current, frame.n_fft, norm="ortho")
        left = left + spec - sparse
    return frame.overlap_add(made * window, lower.shape[-1])[None].clamp(lower, upper)
