"""Sparsity within bounds: of all sounds that would have become this recording, one of few strong spectral bins."""

import math

import torch
from torch import Tensor
import torch.nn.functional as F

from dap.dsp.social_sparsity import neighborhood_energy
from dap.dsp.tight_frame import TightFrame


def consistent_sparse(
    lower: Tensor,
    upper: Tensor,
    frame: TightFrame,
    iterations: int = 250,
    depth_db: float = 60.0,
    neighborhood: tuple[int, int] = (1, 5),
    last_std: float = 0.0,
    first_std: float = math.inf,
    averaged: float = 0.5,
) -> Tensor:
    r"""A sound within bounds whose spectrum is sparse, by the alternating directions of A-SPADE with a falling threshold.

    With A the frame's analysis, Γ the sounds between the bounds, and u a running sum of what each turn leaves open:

        z ← the bins of A x + u that are strong;   x ← the point of Γ nearest to A*(z − u);   u ← u + A x − z.

    In A-SPADE the strong bins are the k largest of each frame, and k grows by one a turn. Here they are those above a
    threshold λ, the same for all frames, that falls from the strongest bin to ``depth_db`` below it, a fixed ratio a turn;
    and x is the whole sound, so overlapping frames agree in each turn and not only in the end. A bin counts as strong where
    √(E · Ē) > λ², E its energy and Ē the mean of its neighborhood: a partial lasts, an artifact does not. What is
    returned is the mean of x over the later turns, which is nearer to the sound than the last x: a mean of many sounds that fit
    has less of what each makes up.

    Args:
        lower, upper: (channel, time); equal where a sample is known: the bounds that clipping or quantization leave. Channels
            are restored each with its own threshold.
        frame: A.
        iterations: number of turns.
        depth_db: how far the threshold falls; inf: to ``last_std``, which is above 0 then.
        neighborhood: bins by frames of Ē, odd both.
        last_std, first_std: of white noise: the threshold falls no lower than its standard deviation in a bin, and begins there
            at most. What is weaker than noise does not come back; and what is far above it needs no turns to be found.
        averaged: the share of the turns, the last ones, whose mean is taken.

    Returns:
        (channel, time), between the bounds.

    Reference: Kitić, Bertin and Gribonval, "Sparsity and cosparsity for audio declipping", LVA/ICA 2015 (A-SPADE); the
    energy of neighbors as in Siedenburg, Kowalski and Dörfler, "Audio declipping with social sparsity", ICASSP 2014.

    >>> tone = torch.sin(torch.arange(4000) / 8)[None]
    >>> unknown = tone > 0.7
    >>> lower, upper = tone.clamp(max=0.7), torch.where(unknown, math.inf, tone)
    >>> restored = consistent_sparse(lower, upper, TightFrame(512, 128))
    >>> bool((restored - tone).abs().max() < 0.02), bool((restored[~unknown] == tone[~unknown]).all())
    (True, True)
    """
    beyond = frame.n_window // 2
    low = F.pad(lower, (beyond, beyond), value=-math.inf)  # beyond the ends nothing is known
    high = F.pad(upper, (beyond, beyond), value=math.inf)
    estimate = torch.zeros_like(low).clamp(low, high)  # the recording: what was clipped stands at its bound
    spec = frame.analysis(estimate)  # (channel, n_freq, n_frames)
    a_bin = math.sqrt(frame.hop_length / frame.n_fft)  # the standard deviation of white noise there, over the sound's
    first = spec.abs().amax((-2, -1), keepdim=True).clamp(max=first_std * a_bin)
    last = (first * 10 ** (-depth_db / 20)).clamp(min=last_std * a_bin)
    fall = (last / first.clamp(min=torch.finfo(first.dtype).tiny)).clamp(max=1.0)
    begun = int((1 - averaged) * iterations)
    left, total = torch.zeros_like(spec), torch.zeros_like(estimate)
    for turn in range(iterations):
        threshold = first * fall ** (turn / max(iterations - 1, 1))
        both = spec + left
        sparse = both.where(_strength(both, neighborhood) > threshold, 0)
        estimate = frame.synthesis(sparse - left, low.shape[-1]).clamp(low, high)
        spec = frame.analysis(estimate)
        left = left + spec - sparse
        if turn >= begun:
            total += estimate
    mean = (total / (iterations - begun)).clamp(low, high)
    return mean[..., beyond : beyond + lower.shape[-1]]


def _strength(spec: Tensor, neighborhood: tuple[int, int]) -> Tensor:
    """(E · Ē)^¼ of each bin, (…, n_freq, n_frames): its magnitude, where its neighbors are as strong."""
    energy = spec.real.square() + spec.imag.square()
    return (energy.sqrt() * neighborhood_energy(spec, *neighborhood).sqrt()).sqrt()
