"""The methods for task=clipping, each by the same properties."""

import pytest
import torch

from dap.methods.classical.a_spade import ASPADE
from dap.methods.classical.ar_acs import ARACS
from dap.methods.classical.declip import Declip
from dap.methods.classical.ss_pew import SSPEW
from dap.methods.problem import Problem
from dap.metrics.distortion import snr
from dap.tasks.clipping import Clipping
from dap.tasks.denoise import Denoise

RATE = 8000
METHODS = {
    "ss_pew": SSPEW(512, 128, 1024, n_thresholds=10, iterations=20),
    "a_spade": ASPADE(512, 128, 1024),
    "ar_acs": ARACS(32, 512, turns=4),
    "declip": Declip((0.032, 0.064), iterations=40),
    "declip, slow": Declip((0.032, 0.064, 0.128), iterations=40, slow_below_db=99.0, slow_iterations=80),
}


def clipped(reference, input_sdr_db=7.0):
    task = Clipping(input_sdr_db=input_sdr_db).at(RATE, reference.shape[-1], torch.Generator())
    return task, task.degrade(reference, torch.Generator())


def tones(n_samples=4000):
    place = torch.arange(n_samples) / RATE
    return sum(torch.sin(2 * torch.pi * f * place + f) for f in (220.0, 443.0, 1370.0))[None] / 3


@pytest.mark.parametrize("name", METHODS)
def test_tones_come_back_within_the_bounds(name):
    reference = tones()
    task, observation = clipped(reference)
    estimate = METHODS[name].estimate(Problem(observation, task, RATE))
    assert torch.equal(task.finish(estimate, observation), estimate)
    assert torch.equal(task.observe(estimate), observation)
    assert snr(estimate, reference) > snr(observation, reference) + 4  # at least 9 dB were measured


@pytest.mark.parametrize("name", METHODS)
def test_channels_are_independent_and_one_that_is_whole_stays(name):
    left = tones()
    reference = torch.cat([left, 0.1 * left, 0.0 * left])
    task, observation = clipped(reference)
    estimate = METHODS[name].estimate(Problem(observation, task, RATE))
    alone = METHODS[name].within(observation[:1], *(bound[:1] for bound in task.bounds(observation)), RATE)
    assert torch.equal(estimate[:1], alone)
    assert torch.equal(estimate[1:], observation[1:])


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("n_samples", [1, 7, 100])
def test_damage_of_any_kind_is_not_made_worse(name, n_samples, generator):
    """A sound shorter than a frame, noise, all of it clipped, DC, silence: what comes out is finite, and as near as before."""
    noise = torch.randn(1, n_samples, generator=generator)
    for reference in (noise, torch.ones(1, n_samples), torch.zeros(1, n_samples), noise.sign()):
        for level in (1e-3, 0.9):
            task = Clipping(level=level).at(RATE, n_samples, torch.Generator())
            observation = task.degrade(reference, torch.Generator())
            estimate = METHODS[name].estimate(Problem(observation, task, RATE))
            assert estimate.isfinite().all()
            assert torch.equal(task.observe(estimate), observation)


def test_wrong_settings_and_tasks():
    with pytest.raises(ValueError, match="SSPEW restores task=clipping, and nothing of denoise"):
        METHODS["ss_pew"].restore(Problem(torch.randn(1, 4000), Denoise(noise_std=0.1), RATE))
    for method, settings, message in (
        (SSPEW, {"hop_length": 3000}, "hop_length must divide n_window = 8192"),
        (SSPEW, {"neighborhood": (2, 7)}, r"neighborhood must be two odd numbers, of bins and of frames, got \[2, 7\]"),
        (SSPEW, {"thresholds": (1e-4, 1e-1)}, r"thresholds must be two numbers above 0, the larger first, got \[0.0001, 0.1\]"),
        (SSPEW, {"iterations": 0}, "iterations must be at least 1, got 0"),
        (SSPEW, {"tolerance": -1.0}, "tolerance must be a finite number, at least 0, got -1.0"),
        (ASPADE, {"increment": 0}, "increment must be at least 1, got 0"),
        (ASPADE, {"tolerance": float("nan")}, "tolerance must be a finite number, at least 0, got nan"),
        (ARACS, {"order": 0}, "order must be at least 1, got 0"),
        (ARACS, {"n_window": 256}, "n_window must be even and above the order of 256, got 256"),
        (ARACS, {"turns": 0}, "turns must be at least 1, got 0"),
        (Declip, {"slow_iterations": 0}, "slow_iterations must be at least 1, got 0"),
        (Declip, {"slow_below_db": float("nan")}, "slow_below_db must be a number of dB or -inf, got nan"),
    ):
        with pytest.raises(ValueError, match=message):
            method(**settings)
