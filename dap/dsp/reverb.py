"""A room by recursive filters: Freeverb's combs and all-passes, with the settings of sox's reverb."""

import math

import torch
from torch import Tensor

# Freeverb's delays, in samples at 44.1 kHz.
_COMBS = (1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617)
_ALL_PASSES = (225, 341, 441, 556)
_STEREO = 12  # by which the second side's differ
_WRAPPED = 1e-8  # what is left of the part of the reverberation that comes round to the beginning


def reverberation(
    waveform: Tensor,
    sample_rate: int,
    reverberance: float = 50.0,
    hf_damping: float = 50.0,
    room_scale: float = 100.0,
    stereo_depth: float = 100.0,
    pre_delay_ms: float = 0.0,
    wet_gain_db: float = 0.0,
) -> Tensor:
    """What a room adds to a sound: linear in it, and differentiable.

    Eight combs side by side, in whose feedback stands a one-pole low-pass, and four all-passes one after another. The filters
    are applied by the DFT, on a circle a little outside the unit circle: so what would come round to the beginning has decayed
    by −160 dB, and the result is that of the recursion.

    Args:
        waveform: (..., channel, time).
        sample_rate: Hz.
        reverberance: %, how long it lasts: the combs' feedback.
        hf_damping: %, how much sooner high frequencies die away.
        room_scale: %, the combs' delays.
        stereo_depth: %, how much the two sides differ. Of one channel only, or above two, each is a room of its own.
        pre_delay_ms: before the first reflection.
        wet_gain_db: of all that is added.

    Returns:
        (..., channel, time): the reverberation alone.

    Raises:
        ValueError: settings out of range.

    Reference: Jezar at Dreampoint, "Freeverb", 2000; sox(1), effect ``reverb``.

    >>> click = torch.zeros(1, 2000)
    >>> click[0, 0] = 1.0
    >>> added = reverberation(click, 44100)[0]
    >>> int(added.abs().gt(1e-6).nonzero()[0])  # the shortest comb
    1116
    """
    for name, value, highest in (
        ("reverberance", reverberance, 100),
        ("hf_damping", hf_damping, 100),
        ("room_scale", room_scale, 100),
        ("stereo_depth", stereo_depth, 100),
        ("pre_delay_ms", pre_delay_ms, 500),
    ):
        if not 0 <= value <= highest:
            raise ValueError(f"{name} must be from 0 to {highest}, got {value}")
    if not -60 <= wet_gain_db <= 20:
        raise ValueError(f"wet_gain_db must be from -60 to 20 dB, got {wet_gain_db}")
    n_samples = waveform.shape[-1]
    n_fft = 2 * n_samples
    growth = -math.log(_WRAPPED) / n_fft  # of the circle's radius, a sample
    decay = torch.exp(-growth * torch.arange(n_samples, dtype=torch.float64, device=waveform.device))
    spec = torch.fft.rfft(waveform.double() * decay, n_fft)
    turns = torch.arange(n_fft // 2 + 1, dtype=torch.float64, device=waveform.device) / n_fft
    delay = torch.complex(torch.full_like(turns, -growth), -2 * math.pi * turns)  # log of z⁻¹
    gain = 0.015 * 10 ** (wet_gain_db / 20)
    delay_samples = int(pre_delay_ms / 1000 * sample_rate + 0.5)
    stereo = waveform.shape[-2] == 2 and stereo_depth > 0
    sides = [0.0, stereo_depth / 100] if stereo else [0.0]
    rooms = [_room(delay, sample_rate / 44100, reverberance, hf_damping, room_scale, side) for side in sides]
    # Both channels sound in the room, and each side hears it in its own way.
    heard = spec.mean(-2, keepdim=True) * torch.stack(rooms) if stereo else spec * rooms[0]
    wet = torch.fft.irfft(gain * torch.exp(delay_samples * delay) * heard, n_fft)[..., :n_samples] / decay
    added: Tensor = wet.to(waveform.dtype)
    return added


def _room(delay: Tensor, ratio: float, reverberance: float, hf_damping: float, room_scale: float, side: float) -> Tensor:
    """Response at the points whose log z⁻¹ is ``delay``; ``side`` from 0 to 1 is how much the delays are shifted."""
    # From a feedback of 0.3 to one of 0.98, so that equal steps of the setting are heard as equal.
    a = -1 / math.log(1 - 0.3)
    b = 100 / (math.log(1 - 0.98) * a + 1)
    feedback = 1 - math.exp((reverberance - b) / (a * b))
    damping = hf_damping / 100 * 0.3 + 0.2
    scale = room_scale / 100 * 0.9 + 0.1
    combs = torch.zeros_like(delay)
    low_pass = (1 - damping) / (1 - damping * torch.exp(delay))
    shift = side * _STEREO
    for length in _COMBS:
        echo = torch.exp(int(scale * ratio * (length + shift) + 0.5) * delay)
        combs = combs + echo / (1 - feedback * low_pass * echo)
        shift = -shift
    response = combs
    for length in _ALL_PASSES:
        echo = torch.exp(int(ratio * (length + shift) + 0.5) * delay)
        response = response * ((1.5 * echo - 1) / (1 - 0.5 * echo))
        shift = -shift
    return response
