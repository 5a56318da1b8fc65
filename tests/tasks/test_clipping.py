"""Clipping."""

import math

import pytest
import torch

from dap.metrics.distortion import snr
from dap.tasks.chain import Chain
from dap.tasks.clipping import Clipping
from dap.tasks.denoise import Denoise


def observed(task, reference):
    task = task.at(8000, reference.shape[-1], torch.Generator())
    return task, task.degrade(reference, torch.Generator())


@pytest.fixture
def reference(generator):
    return torch.randn(2, 5000, generator=generator).cumsum(1) / 100


@pytest.fixture
def swinging():
    """Two channels that pass each level many times, without a sample beside another of the same value."""
    time = torch.arange(5000)
    return torch.stack(
        [0.9 * (0.05 * time).sin() + 0.1 * (0.37 * time).sin(), 0.9 * (0.043 * time).cos() + 0.1 * (0.29 * time).cos()]
    )


def test_the_input_sdr_is_as_asked_for(generator):
    reference = torch.rand(1, 5000, generator=generator) - 0.5
    for input_sdr_db in (1.0, 10.0, 20.0):
        _, observation = observed(Clipping(input_sdr_db=input_sdr_db), reference)
        assert snr(observation, reference) == pytest.approx(input_sdr_db, abs=1e-3)


def test_finish_keeps_what_is_known_and_brings_the_rest_to_its_level(reference, generator):
    task, observation = observed(Clipping(level=0.3), reference)
    finished = task.finish(torch.randn(reference.shape, generator=generator), observation)
    clipped = reference.abs() >= 0.3
    assert torch.equal(finished[~clipped], reference[~clipped])
    assert (finished * reference.sign())[clipped].min() >= 0.3 - 1e-7
    assert torch.equal(task.observe(finished), observation)
    assert torch.equal(task.finish(reference, observation), reference)
    assert torch.equal(task.missing, clipped.any(0))
    assert task.facts["clipped_share"] == pytest.approx(float(clipped.float().mean()))


def test_finish_never_makes_the_error_of_a_sample_worse(reference, generator):
    task, observation = observed(Clipping(input_sdr_db=5.0), reference)
    estimate = reference + 0.2 * torch.randn(reference.shape, generator=generator)
    assert ((task.finish(estimate, observation) - reference).abs() <= (estimate - reference).abs() + 1e-7).all()


def test_beyond_the_level_nothing_pulls_and_within_it_everything(reference):
    """The gradient of the data term: of what is beyond where it must be, none."""
    task, observation = observed(Clipping(level=0.3), reference)
    estimate = (1.5 * reference).requires_grad_()
    (task.observe(estimate) - observation).square().sum().backward()
    beyond = reference.abs() >= 0.3
    assert not estimate.grad[beyond].any()
    assert estimate.grad[~beyond & (1.5 * reference.abs() < 0.3)].any()


def test_a_clipped_file(swinging):
    """Its levels are found: another one in each channel and on each side, in the file's own rounding."""
    bounds = torch.tensor([[-0.4, 0.25], [-0.6, 0.7]])
    damaged = (swinging.clamp(bounds[:, :1], bounds[:, 1:]) * 32768).round() / 32768
    configured = Clipping(input_sdr_db=10.0)
    observation, rate = configured.receive(damaged, 8000)
    task = configured.at(rate, 5000, None)
    estimate = 3 * swinging
    assert torch.equal(observation, damaged)
    assert torch.allclose(task.observe(estimate), estimate.clamp(bounds[:, :1], bounds[:, 1:]), atol=1e-4)
    assert torch.equal(task.finish(damaged, damaged), damaged)
    beyond = (swinging > bounds[:, 1:]) | (swinging < bounds[:, :1])
    assert torch.equal(task.finish(estimate, damaged)[beyond], estimate[beyond])


def test_a_file_that_was_not_clipped_is_known_wholly(swinging):
    task = Clipping(level=0.5)
    task.receive(swinging, 8000)
    task = task.at(8000, 5000, None)
    assert torch.equal(task.finish(torch.zeros_like(swinging), swinging), swinging)
    assert task.facts == {"clipped_share": 0.0, "low": [None, None], "high": [None, None]}
    assert task.missing is None


def test_one_clip_tells_the_next_nothing(reference):
    configured = Clipping(level=0.3)
    configured.receive(reference.clamp(-0.1, 0.1), 8000)
    task, observation = observed(configured, reference)
    assert torch.equal(observation, reference.clamp(-0.3, 0.3))
    assert float(task.observe(reference).max()) == pytest.approx(0.3)


def test_in_a_chain(reference, generator):
    """What was clipped after the noise came is brought beyond the level; the noise is not pasted back."""
    chain = Chain([Denoise(noise_std=0.05), Clipping(level=0.3)]).at(8000, 5000, generator)
    observation = chain.degrade(reference, generator)
    assert float(observation.max()) == pytest.approx(0.3)
    assert torch.equal(chain.finish(reference, observation), reference)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "give one of level and input_sdr_db and set the other to null, got None and None"),
        ({"level": 0.5, "input_sdr_db": 10.0}, "give one of level and input_sdr_db"),
        ({"level": 0.0}, "level must be a finite number above 0 or null, got 0.0"),
        ({"input_sdr_db": -1.0}, "input_sdr_db must be a finite number above 0 or null, got -1.0"),
        ({"input_sdr_db": math.inf}, "input_sdr_db must be a finite number above 0 or null, got inf"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Clipping(**settings)


def test_before_there_is_a_clip():
    with pytest.raises(ValueError, match=r"call degrade\(\) or receive\(\) first"):
        Clipping(level=0.5).observe(torch.zeros(1, 10))
