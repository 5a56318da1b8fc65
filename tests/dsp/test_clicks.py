"""Clicks: found where they are and nowhere else."""

import pytest
import torch
from torch import Tensor

from dap.audio.sound_file import read_audio
from dap.dsp.clicks import clicks
from dap.dsp.signals import tones


def clicked(clean: Tensor, rate: int, generator: torch.Generator, n_clicks: int = 20) -> tuple[Tensor, Tensor]:
    """With bursts of noise of at most 1 ms, as loud as the sound's peak: (1, time); and where they are, (time,)."""
    noisy, hit = clean.clone(), torch.zeros(clean.shape[-1], dtype=torch.bool)
    apart = clean.shape[-1] // (n_clicks + 1)
    for place in range(apart, n_clicks * apart + 1, apart):
        length = 1 + int(torch.randint(round(0.001 * rate), (1,), generator=generator))
        burst = torch.randn(length, generator=generator)
        noisy[0, place : place + length] += clean.abs().max() * burst / burst.abs().max()
        hit[place : place + length] = True
    return noisy, hit


@pytest.mark.parametrize("rate", [16000, 44100])
def test_clicks_on_tones_are_found(rate, generator):
    """Nearly every sample that is hit, and none that is 6 ms away: over twelve seeds none was 3 ms away but one sample."""
    clean = tones([220.0, 450.0, 930.0], 2 * rate, rate, 0.5)[None] + 1e-3 * torch.randn(1, 2 * rate, generator=generator)
    noisy, hit = clicked(clean, rate, generator)
    found = clicks(noisy, rate)[0]
    assert found[hit].float().mean() > 0.9
    reach = round(0.006 * rate)
    near = torch.nn.functional.max_pool1d(hit[None].float(), 2 * reach + 1, 1, reach)[0] > 0
    assert not found[~near].any()


def test_there_are_none_in_noise_and_hardly_any_in_speech(test_audio, generator):
    """A mouth clicks too: in 12 s of two readers at most four, where two were found."""
    assert not clicks(torch.randn(2, 44100, generator=generator), 44100).any()
    found = 0
    for name in ("LJ001-0003", "LJ001-0004"):
        waveform, rate = read_audio(test_audio / "speech_lj" / f"{name}.flac", 0.0, 6.0)
        hit = clicks(waveform[:1], rate)[0]
        found += int((hit[1:] & ~hit[:-1]).sum())
    assert found <= 4


def test_an_onset_is_none(generator):
    """A struck tone, and a drum: nothing before, much after."""
    time = torch.arange(16000) / 16000
    struck = (time >= 0.5) * torch.exp(-8 * (time - 0.5)) * torch.sin(2 * torch.pi * 440 * (time - 0.5))
    drum = (time >= 0.5) * torch.exp(-40 * (time - 0.5).clamp(min=0)) * torch.randn(16000, generator=generator)
    floor = 1e-3 * torch.randn(2, 16000, generator=generator)
    assert not clicks(torch.stack([struck, drum]) + floor, 16000).any()


@pytest.mark.parametrize("waveform", [torch.zeros(1, 8000), torch.ones(1, 8000), torch.ones(2, 100), torch.zeros(1, 1)])
def test_silence_a_constant_and_short_sounds_have_none(waveform):
    assert not clicks(waveform, 8000).any()


@pytest.mark.parametrize("rate", [1, 50, 100, 999])
def test_at_rates_that_hold_no_click_there_are_none(rate, generator):
    assert not clicks(torch.randn(1, 5000, generator=generator), rate).any()
