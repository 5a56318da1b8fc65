"""How long a room rings, found in what was recorded in it."""

import math

import torch
from torch import Tensor

_LOWEST_HERTZ, _HIGHEST_HERTZ, _N_BANDS = 100.0, 8000.0, 24  # of the bands, equally wide in mel
_ACROSS_SECONDS = 0.096  # from one level to the next, of which the difference is taken
_RANGE_DB = 25.0  # below a band's loudest, where a decay may begin; it may end twice as far below
_ABOVE_FLOOR_DB = 3.0  # at which it ends at the latest: noise does not decay
_LOUDEST, _FLOOR = 0.99, 0.02  # quantiles of a band's level
_STEEPEST, _STEEP = 0.01, 0.1  # quantiles of the slopes
_LEAST = 50  # slopes, of which quantiles mean something
_SCALE = 4.8  # 1/s: RT60 over the squared time in which the steepest slope would fall by 60 dB; fitted to rooms
_LONGEST_SECONDS = 3.0
_FREE, _HELD = 1.6, 2.2  # ratios of the two quantiles: speech up to 1.5, held tones above 2


def decay_time(power: Tensor, sample_rate: int, hop_seconds: float) -> tuple[float, float]:
    r"""RT60 in s, blind, and how far to trust it.

    No sound dies away faster than the room lets it. So of the slopes of the level, over 96 ms in each of 24 bands, the
    steepest hundredth says how long the room rings: T = 4.8 · t² where t = 60 dB / slope. The square and the factor are
    fitted to rooms made by pyroomacoustics. Speech that is dry has 0.05 to 0.2 s, and where tones are held there are
    hardly any slopes of which the steepest would be the room's: they lie far above the steepest tenth, and trust is 0. So
    it is above 3 s: a sound that hardly changes is likelier than such a room.

    Args:
        power: (channel, n_freq, n_frames), of an STFT from 0 to half the rate in frames of some 64 ms.
        sample_rate: Hz.
        hop_seconds: from frame to frame.

    Returns:
        RT60, and trust from 0 to 1; 0 and 0 where there is too little to tell.

    Reference: for the distribution of slopes, Wen, Habets & Naylor, "Blind estimation of reverberation time based on the
    distribution of signal decay rates", ICASSP 2008.

    >>> decays = 10 ** (-6 / 0.5 * 0.016 * (torch.arange(500) % 25)).expand(1, 513, 500)   # 60 dB in 0.5 s, again and again
    >>> round(decay_time(decays, 16000, 0.016)[0], 3)
    1.2
    """
    level = 10 * _bands(power, sample_rate).clamp(min=torch.finfo(power.dtype).tiny).log10()  # (channel, band, n_frames)
    step = max(1, round(_ACROSS_SECONDS / hop_seconds))
    if level.shape[-2] == 0 or level.shape[-1] <= step:
        return 0.0, 0.0
    loudest, floor = (level.quantile(share, dim=-1, keepdim=True) for share in (_LOUDEST, _FLOOR))
    before, after = level[..., :-step], level[..., step:]
    told = (before > loudest - _RANGE_DB) & (after > floor + _ABOVE_FLOOR_DB) & (after > loudest - 2 * _RANGE_DB)
    slopes = (after - before)[told] / (step * hop_seconds)  # dB/s
    if len(slopes) < _LEAST:
        return 0.0, 0.0
    steepest, steep = (60 / max(-float(slopes.quantile(share)), 1.0) for share in (_STEEPEST, _STEEP))  # s
    rt60 = _SCALE * steepest**2
    trust = (_HELD - steep / steepest) / (_HELD - _FREE) if rt60 <= _LONGEST_SECONDS else 0.0
    return rt60, min(max(trust, 0.0), 1.0)


def _bands(power: Tensor, sample_rate: int) -> Tensor:
    """Power in bands, (channel, band, n_frames): those that hold a bin."""
    frequency = torch.linspace(0, sample_rate / 2, power.shape[-2], device=power.device)
    low, high = _mel(_LOWEST_HERTZ), _mel(min(_HIGHEST_HERTZ, sample_rate / 2))
    inside = (frequency >= _LOWEST_HERTZ) & (frequency <= _HIGHEST_HERTZ)
    place = ((1 + frequency / 700).log() - low) / max(high - low, 1e-9) * _N_BANDS
    band = place.floor().clamp(0, _N_BANDS - 1).where(inside, -1.0)
    rows = [power[..., band == index, :].sum(-2) for index in range(_N_BANDS) if bool((band == index).any())]
    return torch.stack(rows, -2) if rows else power[..., :0, :]


def _mel(hertz: float) -> float:
    return math.log1p(hertz / 700)
