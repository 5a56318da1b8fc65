"""Declipping by social sparsity: a sparse spectrum whose sound is near what is known, and elsewhere beyond the level."""

import torch
from torch import Tensor

from dap.dsp.social_sparsity import persistent_wiener
from dap.dsp.tight_frame import TightFrame


def declip_social(
    lower: Tensor,
    upper: Tensor,
    frame: TightFrame,
    thresholds: Tensor,
    iterations: int,
    tolerance: float,
    neighborhood: tuple[int, int] = (3, 7),
) -> Tensor:
    r"""Accelerated shrinkage of spectra c for ½ ‖A*c − Π(A*c)‖² with a falling threshold λ, Π the nearest sound in the bounds.

    The distance counts a known sample's whole error, and a clipped one's only as far as it falls short of its level. With
    z = c at first, turn k of each λ is

        c′ ← S_λ(z + A(Π(A*z) − A*z));   z ← c′ + (k − 1)/(k + 5) · (c′ − c);   c ← c′,

    S_λ the persistent empirical Wiener gain. It begins from silence, and each λ goes on from the one before.

    Args:
        lower, upper: (1, time); equal where a sample is known.
        frame: A.
        thresholds: (n,), the λ in turn, in the sound's units times √samples: largest first.
        iterations: turns of each λ at most.
        tolerance: its turns end where the sound changes by less than this, ‖A*c′ − A*c‖₂; 0 makes all of them.
        neighborhood: bins by frames whose mean energy decides.

    Returns:
        (1, time): A*c, which is near the bounds and not within them.

    Reference: Siedenburg, Kowalski and Dörfler, "Audio declipping with social sparsity", ICASSP 2014; with this momentum and
    stop: Záviška, Rajmic, Ozerov and Rencker, IEEE JSTSP 15(1), 2021.

    >>> tone = torch.sin(torch.arange(2000) / 8)[None]
    >>> lower, upper = tone.clamp(max=0.7), torch.where(tone > 0.7, torch.inf, tone)
    >>> estimate = declip_social(lower, upper, TightFrame(256, 64), torch.logspace(-1, -3, 8), 25, 1e-4)
    >>> float((tone - lower).norm() / (tone - estimate).norm()) > 5
    True
    """
    n_samples = lower.shape[-1]
    waveform = torch.zeros_like(lower)
    spec = frame.analysis(waveform)
    ahead, waveform_ahead = spec, waveform
    for threshold in thresholds:
        for turn in range(1, iterations + 1):
            short = waveform_ahead.clamp(lower, upper) - waveform_ahead
            made = persistent_wiener(ahead + frame.analysis(short), threshold, *neighborhood)
            heard = frame.synthesis(made, n_samples)
            momentum = (turn - 1) / (turn + 5)
            ahead, waveform_ahead = made + momentum * (made - spec), heard + momentum * (heard - waveform)
            change = float((heard - waveform).norm())
            spec, waveform = made, heard
            if change < tolerance:
                break
    return waveform
