"""Hard clipping: where a recording was saturated, and the level that leaves so much of a clean one."""

import math

import torch
from torch import Tensor

from dap.dsp.masks import runs_of

_TOLERANCE = 1e-4  # of the extreme: samples so near to it are at it
_BELOW = 0.5  # of the samples at the extreme may lie in a band below it, three times as high; below a tone's crest as many do
_HALVINGS = 60  # of the interval that holds the level: float64's digits


def flat_tops(waveform: Tensor, shortest: int = 2, fewest: int = 1) -> tuple[Tensor, Tensor]:
    r"""The levels at which each channel was clipped, found in the recording alone.

    A side of a channel is clipped where its extreme is reached by ``fewest`` runs of ``shortest`` samples, and hardly a
    sample lies just below it: the crests of a slow tone or of a coarsely quantised sound have neighbours a step lower, but
    a clipped sound leaves its level steeply. Samples are at the extreme within 10⁻⁴ of it. A sound that is at its extremes
    nine tenths of the time is a square wave, and not clipped.

    Args:
        waveform: (channel, time).
        shortest: samples in a row.
        fewest: runs of them, on each side.

    Returns:
        (channel, 1) each, the lower level and the upper: what is not between them was clipped. ∓∞ where nothing was.

    >>> low, high = flat_tops(torch.sin(torch.arange(400) / 8)[None].clamp(max=0.5))
    >>> low.item(), high.item()
    (-inf, 0.5)
    """
    highs = torch.stack([_flat_top(channel, shortest, fewest) for channel in waveform])
    lows = -torch.stack([_flat_top(-channel, shortest, fewest) for channel in waveform])
    at_extremes = ((waveform >= highs[:, None]) | (waveform <= lows[:, None])).double().mean(-1)
    clipped = at_extremes < 0.9
    return torch.where(clipped, lows, -math.inf)[:, None], torch.where(clipped, highs, math.inf)[:, None]


def _flat_top(waveform: Tensor, shortest: int, fewest: int) -> Tensor:
    """The lowest sample at the upper extreme of (time,); ∞ where it is not flat."""
    none = waveform.new_tensor(math.inf)
    extreme = float(waveform.max())
    if extreme <= 0:
        return none
    below = waveform[waveform < (1 - _TOLERANCE) * extreme]
    if below.numel() == 0:
        return none
    band = 0.75 * (extreme - float(below.max()))  # at least the tolerance, at least a step of quantisation
    top = waveform > extreme - band
    n_top, n_below = int(top.sum()), int((waveform > extreme - 4 * band).sum() - top.sum())
    n_runs = sum(last - first >= shortest for first, last in runs_of(top)) if n_top >= shortest * fewest else 0
    if n_runs < fewest or n_below > _BELOW * n_top:
        return none
    exact = waveform == extreme
    return waveform[exact if 2 * exact.sum() > n_top else top].min()  # rounded in some other way, a top is as wide as the band


def level_of_sdr(waveform: Tensor, input_sdr_db: float) -> float:
    """The level at which clipping leaves this SDR, 10 log10 Σ x² / Σ (x − clamp(x, −θ, θ))², over all channels.

    Found by halving an interval, as the SDR rises with the level. Of silence it is 0.

    Args:
        waveform: any shape.
        input_sdr_db: above 0 dB, which is the SDR of silence.

    Reference: Záviška et al., "A survey and an extensive evaluation of popular audio declipping methods", IEEE JSTSP
    15(1), 2021, who take 1, 3, 5, 7, 10, 15 and 20 dB.

    >>> round(level_of_sdr(torch.tensor([1.0, -1.0]), 20.0), 6)       # an error of a tenth
    0.9
    """
    magnitude = waveform.double().abs()
    allowed = float(magnitude.square().sum()) * 10 ** (-input_sdr_db / 10)
    low, high = 0.0, float(magnitude.max())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        too_low = float((magnitude - middle).clamp(min=0).square().sum()) > allowed
        low, high = (middle, high) if too_low else (low, middle)
    return high
