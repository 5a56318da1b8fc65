"""Denoising."""

import math

import pytest
import torch

from dap.metrics.distortion import snr
from dap.tasks.denoise import Denoise


def test_without_noise_the_observation_is_the_reference(generator):
    reference = torch.randn(2, 100)
    assert torch.equal(Denoise(noise_std=0.0).degrade(reference, generator), reference)


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 20.0])
def test_snr_is_what_was_asked_for(snr_db, generator):
    reference = 0.3 * torch.randn(1, 100_000, generator=generator)
    assert snr(Denoise(snr_db=snr_db).degrade(reference, generator), reference) == pytest.approx(snr_db, abs=0.1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "give one of noise_std and snr_db"),
        ({"noise_std": 0.1, "snr_db": 3.0}, "give one of noise_std and snr_db"),
        ({"noise_std": -0.1}, "noise_std must be a finite number, at least 0, got -0.1"),
        ({"noise_std": math.inf}, "noise_std must be a finite number"),
        ({"snr_db": math.nan}, "snr_db must be a finite number of dB, got nan"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Denoise(**settings)
