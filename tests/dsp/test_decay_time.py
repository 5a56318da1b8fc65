"""How long a room rings: told from bursts in rooms of known decay, and not told where tones are held."""

import pytest
import torch

from dap.dsp.decay_time import decay_time
from dap.dsp.stft import STFT

RATE = 16000


def heard(rt60, generator):
    """4 s of noise in bursts, in a room that decays exponentially, as weak as what comes straight."""
    time = torch.arange(4 * RATE) / RATE
    bursts = torch.randn(1, 4 * RATE, generator=generator) * (time % 0.8 < 0.15)
    tail = torch.randn(RATE, generator=generator) * 10 ** (-3 * time[:RATE] / rt60)
    tail[0] = tail.norm()
    return torch.fft.irfft(torch.fft.rfft(bursts, 8 * RATE) * torch.fft.rfft(tail, 8 * RATE))[:, : 4 * RATE]


def told(waveform):
    stft = STFT(1024, 256)
    return decay_time(stft.analysis(waveform).abs().double().square(), RATE, 256 / RATE)


@pytest.mark.parametrize("rt60", [0.3, 0.6, 0.9])
def test_bursts_in_a_room(rt60, generator):
    """Within a third; it was fitted to rooms with early reflections, and to speech: there within a seventh."""
    waveform = heard(rt60, generator)
    found, trust = told(waveform)
    assert found == pytest.approx(rt60, rel=0.33)
    assert trust == 1
    assert told(0.01 * waveform)[0] == pytest.approx(found, rel=1e-3)


def test_held_tones_and_silence_tell_nothing():
    tones = sum(torch.sin(torch.arange(4 * RATE) * pitch) for pitch in (0.05, 0.1, 0.2))[None]
    swell = 1.2 + torch.sin(torch.arange(4 * RATE) * 2e-4)
    assert told(tones * swell)[1] == 0
    assert told(torch.zeros(2, RATE)) == (0.0, 0.0)
