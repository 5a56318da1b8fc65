"""Rumble: taken away where it moves as noise does, left where it is a note, a thump, or nothing that is heard."""

import math

import pytest
import torch
from torch import Tensor

from dap.audio.sound_file import read_audio
from dap.dsp.rumble import rumble
from dap.metrics.distortion import si_sdr


def sound(rate: int, seconds: float = 4.0) -> Tensor:
    """A voice's partials, with pauses: (1, time)."""
    time = torch.arange(round(seconds * rate)) / rate
    partials = sum(torch.sin(2 * math.pi * 150 * k * time + k) / k for k in range(1, 9))
    return (0.3 * partials * ((time % 1.0) < 0.7))[None]


def rumbling(generator: torch.Generator, n_samples: int, rate: int) -> Tensor:
    """Noise below 50 Hz, of RMS 1: (1, time)."""
    spec = torch.fft.rfft(torch.randn(1, n_samples, generator=generator))
    hertz = torch.fft.rfftfreq(n_samples, 1 / rate)
    made = torch.fft.irfft(spec * (hertz < 50) / hertz.clamp(min=8), n_samples)
    return made / made.square().mean().sqrt()


def taken(waveform: Tensor, rate: int) -> Tensor:
    """What is missing in the end, of a sound that no denoiser changes."""
    below, harmless = rumble(waveform, rate)
    return below - harmless


def level_db(part: Tensor, whole: Tensor) -> float:
    return 10 * math.log10(float(part.square().sum() / whole.square().sum()) + 1e-20)


@pytest.mark.parametrize("rate", [8000, 44100])
@pytest.mark.parametrize("level", [0.1, 1.0])
def test_rumble_is_taken_away(rate, level, generator):
    """What is left is near the hundredth of the sound's power that nobody hears: 20 dB, here 15 or more."""
    clean = sound(rate)
    noisy = clean + level * clean.square().mean().sqrt() * 3 * rumbling(generator, clean.shape[-1], rate)
    gain = si_sdr(noisy - taken(noisy, rate), clean) - si_sdr(noisy, clean)
    assert si_sdr(noisy - taken(noisy, rate), clean) > 15
    assert gain > 4


@pytest.mark.parametrize("hertz", [41.2, 55.0])
def test_a_bass_note_is_none(hertz):
    """Held for long, or struck again and again: less than 3 % of its energy goes."""
    rate = 16000
    time = torch.arange(4 * rate) / rate
    held = sum(torch.sin(2 * math.pi * hertz * k * time + k) / k for k in range(1, 6))[None]
    struck = held * torch.exp(-3 * (time % 0.5)) * ((time % 0.5) < 0.45)
    for note in (held, struck):
        assert level_db(taken(note, rate), note) < -14


def test_weak_rumble_and_white_noise_stay(generator):
    clean = sound(16000)
    weak = 0.05 * clean.square().mean().sqrt() * rumbling(generator, clean.shape[-1], 16000)
    assert level_db(taken(clean + weak, 16000), clean) < -30
    white = 0.1 * torch.randn(1, 64000, generator=generator)
    assert level_db(taken(white, 16000), white) < -60


def test_a_constant_goes_without_a_step(generator):
    clean = sound(16000)
    constant = taken(clean + 0.5, 16000)
    assert (constant - 0.5).abs().max() < 0.1  # but for the sound's hundredth
    assert (taken(torch.full((2, 32000), 0.3), 16000) - 0.3).abs().max() < 1e-5
    assert constant.diff().abs().max() < 0.01


@pytest.mark.parametrize("n_samples", [1, 100, 15999])
def test_short_sounds_stay(n_samples):
    assert not taken(torch.ones(2, n_samples), 16000).any()


def test_silence_extreme_rates_and_channels(generator):
    assert not taken(torch.zeros(1, 32000), 16000).any()
    assert not taken(torch.ones(1, 400), 200).any()  # 60 Hz are most of what there is
    clean = torch.cat([sound(192000, 1.2), torch.zeros(1, 230400)])
    noisy = clean + torch.stack([torch.zeros(230400), 0.2 * rumbling(generator, 230400, 192000)[0]])
    found = taken(noisy, 192000)
    assert level_db(found[:1], clean[:1]) < -20
    assert level_db(noisy[1:] - found[1:], noisy[1:]) < -20


def test_real_taken(test_audio):
    """Ahead of what was observed by 10 dB; a high-pass at 60 Hz gains 14 and 16, and knows where to cut."""
    if not (test_audio / "pairs_rumble").is_dir():
        pytest.skip("no pairs_rumble among the made sounds")
    for pair in ("p257_004", "p257_139"):
        noisy, rate = read_audio(test_audio / "pairs_rumble" / f"{pair}_noisy.flac")
        clean, _ = read_audio(test_audio / "pairs_rumble" / f"{pair}_clean.flac")
        assert si_sdr(noisy - taken(noisy, rate), clean) > si_sdr(noisy, clean) + 10
