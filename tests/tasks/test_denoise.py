"""Denoising."""

import math

import pytest
import torch

from dap.audio.sound_file import write_audio
from dap.dsp.signals import NOISES, tones
from dap.metrics.distortion import snr
from dap.tasks.denoise import Denoise


@pytest.fixture
def recording(tmp_path) -> str:
    """A second of stereo noise at 16 kHz: a tone of 3 kHz on the left, half as loud on the right."""
    path = tmp_path / "noise.wav"
    tone = tones([3000.0], 16000, 16000, amplitude=0.2)
    write_audio(path, torch.stack([tone, tone / 2]), 16000)
    return str(path)


def test_without_noise_the_observation_is_the_reference(generator):
    reference = torch.randn(2, 100)
    assert torch.equal(Denoise(noise_std=0.0).degrade(reference, generator), reference)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("snr_db", [-5.0, 20.0])
def test_snr_is_what_was_asked_for(noise, snr_db, generator):
    reference = 0.3 * torch.randn(1, 100_000, generator=generator)
    observation = Denoise(snr_db=snr_db, noise=noise).degrade(reference, generator)
    assert snr(observation, reference) == pytest.approx(snr_db, abs=0.1)  # 100 000 samples: 0.02 dB


@pytest.mark.parametrize("noise", NOISES)
def test_std_is_what_was_asked_for(noise, generator):
    observation = Denoise(noise_std=0.1, noise=noise).degrade(torch.zeros(2, 50_000), generator)
    assert observation.square().mean(-1).sqrt().tolist() == pytest.approx([0.1, 0.1], rel=0.02)


def test_white_is_the_colour_that_is_not_named():
    one, other = (
        Denoise(noise_std=0.1, noise=noise).degrade(torch.zeros(1, 100), torch.Generator().manual_seed(0))
        for noise in (None, "white")
    )
    assert torch.equal(one, other)


@pytest.mark.parametrize("n_samples", [1000, 20_000])
@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_a_recording_at_the_rate_and_level_of_the_clip(recording, n_samples, n_channels, generator):
    reference = torch.zeros(n_channels, n_samples)
    task = Denoise(noise_std=0.1, noise_path=recording).at(8000, n_samples, generator)
    noise = task.degrade(reference, generator)
    assert noise.shape == reference.shape
    assert float(noise.square().mean().sqrt()) == pytest.approx(0.1, rel=1e-4)
    power = torch.fft.rfft(noise).abs()
    assert (power.argmax(-1) * 8000 / n_samples).tolist() == pytest.approx([3000.0] * n_channels, abs=8)
    if n_channels == 2:
        assert torch.allclose(noise[1], noise[0] / 2, atol=1e-6)
    assert ("looped: it lasts 1.000 s" in task.facts["noise"]) == (n_samples > 8000)


def test_the_seed_chooses_the_part_of_the_recording(recording):
    def noise(seed: int):
        generator = torch.Generator().manual_seed(seed)
        return Denoise(snr_db=0.0, noise_path=recording).at(16000, 500, generator).degrade(torch.ones(1, 500), generator)

    assert torch.equal(noise(1), noise(1))
    assert not torch.equal(noise(1), noise(2))


def test_nothing_is_read_for_a_sound_that_is_damaged_already():
    task = Denoise(noise_std=0.1, noise_path="nowhere.wav")
    assert task.at(8000, 100, None) is task


def test_recordings_that_cannot_be_used(tmp_path, generator):
    write_audio(tmp_path / "silence.wav", torch.zeros(1, 100), 8000)
    with pytest.raises(ValueError, match=r"silence\.wav: the recording of noise is silent"):
        Denoise(noise_std=0.1, noise_path=str(tmp_path / "silence.wav")).at(8000, 100, generator)
    with pytest.raises(ValueError, match=r"nowhere\.wav: no such file"):
        Denoise(noise_std=0.1, noise_path="nowhere.wav").at(8000, 100, generator)
    with pytest.raises(ValueError, match=r"call at\(\) first"):
        Denoise(noise_std=0.1, noise_path="nowhere.wav").degrade(torch.ones(1, 10), generator)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "give one of noise_std and snr_db"),
        ({"noise_std": 0.1, "snr_db": 3.0}, "give one of noise_std and snr_db"),
        ({"noise_std": -0.1}, "noise_std must be a finite number, at least 0, got -0.1"),
        ({"noise_std": math.inf}, "noise_std must be a finite number"),
        ({"snr_db": math.nan}, "snr_db must be a finite number of dB, got nan"),
        ({"noise_std": 0.1, "noise": "blue"}, "noise must be one of white, pink, brown, tpdf or null, got 'blue'"),
        ({"noise_std": 0.1, "noise": "pink", "noise_path": "a.wav"}, "give one of noise and noise_path, got pink and a.wav"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Denoise(**settings)


def test_the_level_of_the_noise_can_spread():
    """In dB, normally distributed."""
    silence = torch.zeros(1, 4000)
    task = Denoise(noise_std=0.1, spread_db=6.0)
    levels = [task.degrade(silence, torch.Generator().manual_seed(seed)).square().mean().sqrt() for seed in range(800)]
    found = 20 * torch.log10(torch.stack(levels) / 0.1)
    assert abs(float(found.mean())) < 1.5  # of 800 draws: 0.21 dB
    assert float(found.std()) == pytest.approx(6.0, abs=1.0)
    with pytest.raises(ValueError, match="spread_db must be a finite number of dB, at least 0, got -1"):
        Denoise(noise_std=0.1, spread_db=-1.0)
