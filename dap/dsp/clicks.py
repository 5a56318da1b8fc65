"""Clicks and crackle: samples that no sound explains, found blindly."""

import math

import torch
from torch import Tensor
import torch.nn.functional as F

_FRAME_SECONDS, _ORDER_SECONDS = 0.04, 0.001  # of the models that predict each sample
_LEAST_ORDER = 8
_NEIGHBORS = (0, -2, -1, 1, 2)  # frames, half overlapping, whose models are tried
_LEAST_RATE = 1000  # Hz: below it a click has no sample to itself
_BLOCK_SECONDS = 0.001  # the longest errors in such blocks are compared
_AROUND = 30  # blocks to each side
_REACH = 2  # blocks that a click may fill beside the one where it is strongest
_PULSES = 2  # the largest error but so many on either side is what a voice has each period, or what follows an onset
_ABOVE = 15.0  # times that is a click
_BESIDE = 15  # blocks of the sound before and after
_ONSET = 3.0  # where the model of the one errs so many times as much in the other, a sound begins
_PLAIN = 100.0  # times the usual error nobody need ask
_EDGE, _OF_PEAK = 1.5, 0.02  # times that, and of its own peak, where it begins and ends
_AUDIBLE = 1e-3  # of the waveform's largest sample, at least
_LONGEST_SECONDS = 0.004
_MARGIN_SECONDS = 0.0001  # before and after, where a click begins and ends softly


def clicks(waveform: Tensor, sample_rate: int) -> Tensor:
    """Which samples clicks have hit, (channel, time), bool.

    What linear prediction cannot predict is short and strong in a click: in a millisecond 15 times as much as in any other but
    one of the 30 ms before and of those after. A voice has such pulses each period. At an onset another sound begins: models of
    what is before and after it do not fit the other side. A click begins where prediction from the left fails, and ends where
    prediction from the right does.

    Args:
        waveform: (channel, time); each channel is on its own.
        sample_rate: Hz.

    Reference: for the prediction error as detector: Vaseghi and Rayner, "Detection and suppression of impulsive noise in speech
    communication systems", IEE Proc. I 137(1), 1990.

    >>> tone = torch.sin(torch.arange(8000) / 8)[None] + 0.01 * torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    >>> clicks(tone, 8000).any().item()
    False
    >>> tone[0, 4000] += 0.5
    >>> clicks(tone, 8000)[0].nonzero()[:, 0].tolist()
    [3999, 4000, 4001]
    """
    block, margin = _block(sample_rate), max(1, round(_MARGIN_SECONDS * sample_rate))
    hit = torch.zeros(waveform.shape, dtype=torch.bool, device=waveform.device)
    if sample_rate < _LEAST_RATE or waveform.shape[-1] < 2 * _AROUND * block:
        return hit
    forward = _prediction_error(waveform, sample_rate).abs()
    backward = _prediction_error(waveform.flip(-1), sample_rate).abs().flip(-1)
    for channel, ahead, back, found in zip(waveform, forward, backward, hit, strict=True):
        least = _AUDIBLE * float(channel.abs().max())
        for start, end in _bursts(channel, ahead, back, sample_rate, least):
            if end - start <= _LONGEST_SECONDS * sample_rate:
                found[max(0, start - margin) : end + margin] = True
    return hit


def _bursts(waveform: Tensor, ahead: Tensor, back: Tensor, sample_rate: int, least: float) -> list[tuple[int, int]]:
    """First and last sample (exclusive) of each click, by the errors of prediction from the left and the right, (time,)."""
    block = _block(sample_rate)
    n_blocks = len(ahead) // block
    highest = torch.minimum(ahead, back)[: n_blocks * block].reshape(n_blocks, block).amax(-1)
    peaks = highest.where(highest == F.max_pool1d(highest[None], 2 * _REACH + 1, 1, _REACH)[0], 0.0)
    around = F.pad(peaks, (_AROUND, _AROUND)).unfold(0, 2 * _AROUND + 1, 1)  # (block, 30 before, itself, 30 after)
    sides = around[:, : _AROUND - _REACH], around[:, _AROUND + _REACH + 1 :]
    usual = torch.stack([side.topk(_PULSES, -1).values[:, -1] for side in sides]).amax(0)
    bursts: list[tuple[int, int]] = []
    for index in (highest > (_ABOVE * usual).clamp(min=least)).nonzero()[:, 0].tolist():
        first, last = max(0, (index - 2) * block), min(len(ahead), (index + 3) * block)
        level = max(_EDGE * float(usual[index]), _OF_PEAK * float(highest[index]), least)
        start = first + int((ahead[first:last] > level).nonzero()[0])
        end = first + int((back[first:last] > level).nonzero()[-1]) + 1
        plain = float(highest[index]) > _PLAIN * float(usual[index])
        if start < end and (plain or not _is_onset(waveform, start, end, sample_rate)):
            bursts.append((start, end))
    return bursts


def _is_onset(waveform: Tensor, start: int, end: int, sample_rate: int) -> bool:
    """Whether what follows is another sound than what was before."""
    block, order = _block(sample_rate), _order(sample_rate)
    length = min(_BESIDE * block, start - block, len(waveform) - end - block)
    if length < 2 * order:
        return False
    before, after = waveform[start - block - length : start - block], waveform[end + block : end + block + length]
    sides = torch.stack([before, after]).double()
    window = torch.hann_window(length, periodic=False, device=sides.device, dtype=sides.dtype)
    model = _linear_prediction(sides * window, order)
    lagged = sides.unfold(-1, order + 1, 1).flip(-1)  # (side, time, order + 1)
    error = torch.einsum("stp,mp->smt", lagged, model).square().mean(-1).sqrt() + 1e-12  # of each side, by each model
    louder = error.diagonal().amax()
    return bool((error[[0, 1], [1, 0]] > _ONSET * louder).any())


def _block(sample_rate: int) -> int:
    return max(1, round(_BLOCK_SECONDS * sample_rate))


def _order(sample_rate: int) -> int:
    return max(_LEAST_ORDER, round(_ORDER_SECONDS * sample_rate))


def _prediction_error(waveform: Tensor, sample_rate: int) -> Tensor:
    """What linear prediction from the samples before does not explain; (channel, time).

    A click spoils the model of the 40 ms around it. So each frame is predicted by the models of its neighbors too, and by the
    one whose error has the smallest median.
    """
    length = 2 * round(_FRAME_SECONDS * sample_rate / 2)
    hop, order = length // 2, _order(sample_rate)
    n_samples = waveform.shape[-1]
    n_frames = math.ceil(n_samples / hop)
    padded = F.pad(waveform.double(), (hop // 2 + order, n_frames * hop - n_samples + length))
    frames = padded.unfold(-1, length + order, hop)[:, :n_frames]  # (channel, frame, order + length)
    windowed = frames[..., order:] * torch.hann_window(length, periodic=False, device=frames.device, dtype=frames.dtype)
    model = _linear_prediction(windowed, order)  # (channel, frame, order + 1)
    n_fft = 2 ** math.ceil(math.log2(2 * order + hop))
    middles = torch.fft.rfft(frames[..., hop // 2 : hop // 2 + order + hop], n=n_fft)
    transfer = torch.fft.rfft(model, n=n_fft)
    frame = torch.arange(n_frames, device=frames.device)
    best = least = torch.empty(0)
    for shift in _NEIGHBORS:
        error = torch.fft.irfft(middles * transfer[:, (frame + shift).clamp(0, n_frames - 1)], n=n_fft)[
            ..., order : order + hop
        ]
        median = error.abs().median(-1, keepdim=True).values
        best, least = (error, median) if shift == 0 else (error.where(median < least, best), median.minimum(least))
    return best.flatten(1)[:, :n_samples]


def _linear_prediction(windowed: Tensor, order: int) -> Tensor:
    """Coefficients by the autocorrelation method, (..., order + 1), the first of them 1, of frames, (..., time)."""
    correlation = torch.fft.irfft(torch.fft.rfft(windowed, n=2 * windowed.shape[-1]).abs().square())[..., : order + 1]
    correlation[..., 0] = correlation[..., 0] * (1 + 1e-7) + 1e-20
    lag = torch.arange(order, device=windowed.device)
    model = -torch.linalg.solve(correlation[..., (lag[:, None] - lag).abs()], correlation[..., 1:])
    return torch.cat([torch.ones_like(model[..., :1]), model], -1)
