"""Mains hum: taken away with its harmonics, told from notes, left alone where there is none."""

import math

import pytest
import torch
from torch import Tensor

from dap.audio.sound_file import read_audio
from dap.dsp.hum import hum


def mains(n_samples: int, rate: int, hertz: float, drift: float = 0.0) -> Tensor:
    """Odd harmonics mostly, of RMS 1, whose fundamental rises by so many Hz: (1, time)."""
    time = torch.arange(n_samples, dtype=torch.float64) / rate
    phase = 2 * math.pi * (hertz * time + drift * time**2 / 2 / (n_samples / rate))
    lines = sum((1.0 if k % 2 else 0.3) / k * torch.sin(k * phase + k) for k in range(1, 12))
    return (lines / lines.square().mean().sqrt()).float()[None]


def level_db(part: Tensor, whole: Tensor) -> float:
    return 10 * math.log10(float(part.square().sum() / whole.square().sum()) + 1e-20)


def talk(test_audio, seconds: float = 4.0) -> tuple[Tensor, int]:
    waveform, rate = read_audio(test_audio / "speech_lj" / "LJ001-0004.flac", 0.0, seconds)
    return waveform[:1], rate


@pytest.mark.parametrize("hertz", [49.87, 60.12])
def test_it_is_taken_away_from_speech(test_audio, hertz):
    """20 dB below the sound: 25 dB of it, where 33 were seen; the mains drift meanwhile."""
    clean, rate = talk(test_audio)
    lines = 0.1 * clean.square().mean().sqrt() * mains(clean.shape[-1], rate, hertz, drift=0.02)
    found, frequency = hum(clean + lines, rate)
    assert level_db(found - lines, lines) < -25
    assert abs(frequency - hertz) < 0.05


def test_there_is_none_in_speech_and_noise(test_audio, generator):
    clean, rate = talk(test_audio)
    assert hum(clean, rate)[1] == 0
    assert not hum(torch.randn(1, 4 * rate, generator=generator), rate)[0].any()


@pytest.mark.parametrize("hertz", [49.0, 58.27, 61.74])
def test_a_held_low_note_is_none(hertz):
    """G1, B-flat 1 and B1, the nearest there are, with their partials, and as long as the window."""
    time = torch.arange(4 * 8000) / 8000
    note = sum(torch.sin(2 * math.pi * hertz * k * time + k) / k for k in range(1, 9))[None]
    assert not hum(note, 8000)[0].any()


def test_a_note_of_50_hz_that_dies_away_is_none():
    time = torch.arange(4 * 8000) / 8000
    note = sum(torch.exp(-2 * time) * torch.sin(2 * math.pi * 50 * k * time + k) / k for k in range(1, 9))[None]
    assert level_db(hum(note, 8000)[0], note) < -20


@pytest.mark.parametrize("rate", [4000, 192000])
def test_alone_and_at_any_rate(rate):
    """Hum with nothing else is hum; each channel is on its own, silence stays."""
    lines = mains(3 * rate, rate, 50.0)
    found, frequency = hum(torch.cat([lines, -lines, torch.zeros_like(lines)]), rate)
    assert level_db(found[:2] - torch.cat([lines, -lines]), lines) < -20
    assert abs(frequency - 50) < 0.01
    assert not found[2].any()


def test_what_is_short_stays():
    for n_samples in (1, 100, 15999):
        assert not hum(mains(n_samples, 8000, 50.0), 8000)[0].any()
