"""Spectral subtraction: no noise, no change; what stays of noise alone; speech."""

import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.dsp.signals import white_noise
from dap.methods.classical.spectral_subtraction import SpectralSubtraction
from dap.methods.problem import Problem
from dap.metrics.distortion import snr
from dap.tasks.denoise import Denoise

TASK = Denoise(noise_std=0.1)


def test_without_noise_nothing_changes(generator):
    observation = torch.randn(2, 4001, generator=generator)
    estimate = next(SpectralSubtraction("known", noise_std=0.0).restore(Problem(observation, TASK, 11025))).estimate
    assert torch.allclose(estimate, observation, atol=1e-5)


def test_nothing_subtracted_nothing_changes(generator):
    observation = torch.randn(1, 4001, generator=generator)
    method = SpectralSubtraction("known", noise_std=0.1, over_subtraction=0.0, floor=0.0)
    assert torch.allclose(next(method.restore(Problem(observation, TASK, 16000))).estimate, observation, atol=1e-5)


def test_more_over_subtraction_leaves_less(generator):
    noise = white_noise((1, 16000), 0.1, generator)
    left = [
        float(next(SpectralSubtraction(over_subtraction=over).restore(Problem(noise, TASK, 16000))).estimate.std())
        for over in (1, 2, 4)
    ]
    assert 0.1 > left[0] > 1.3 * left[1] > 1.3**2 * left[2]


@pytest.mark.parametrize("noise", ["known", "tracked"])
def test_speech(noise, test_audio, generator):
    waveform, rate = read_audio(test_audio / "speech_lj" / "LJ001-0014.flac", 0.0, 1.5)
    reference = waveform / waveform.abs().max()
    observation = TASK.degrade(reference, generator)
    method = SpectralSubtraction(noise, noise_std=0.1 if noise == "known" else None)
    estimate = next(method.restore(Problem(observation, TASK, rate))).estimate
    assert snr(estimate, reference) > snr(observation, reference) + 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"over_subtraction": -1.0}, "over_subtraction must be a number, at least 0, got -1.0"),
        ({"floor": 1.5}, "floor must be from 0 to 1, got 1.5"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        SpectralSubtraction(**settings)
