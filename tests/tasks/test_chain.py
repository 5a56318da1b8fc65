"""Chains of tasks."""

import pytest
import torch

from dap.config.build import build
from dap.tasks.chain import Chain
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting
from dap.tasks.quantization import Quantization
from dap.tasks.super_resolution import SuperResolution

GAP = slice(800, 1600)


def gaps() -> Inpainting:
    return Inpainting(gaps=[[0.1, 0.2]], fade_seconds=0.0)


def observed(tasks, generator):
    """A chain at half a second of 8 kHz, a reference and its observation."""
    chain = Chain(tasks).at(8000, 4000, generator)
    reference = torch.rand(2, 4000, generator=generator) - 0.5
    return chain, reference, chain.degrade(reference, generator)


def test_stages_follow_each_other(generator):
    chain, reference, observation = observed([SuperResolution(2), gaps(), Quantization(n_bits=8)], generator)
    low = SuperResolution(2).degrade(reference, generator)
    low[:, GAP] = 0
    assert torch.allclose(observation, Quantization(n_bits=8).degrade(low, generator), atol=1e-6)
    assert torch.equal(chain.observe(reference), low)
    assert not chain.identity


def test_a_chain_of_identities_is_one():
    assert Chain([Denoise(noise_std=0.1), Quantization(n_levels=4)]).identity


def test_a_chain_of_one_is_that_one(generator):
    chain, reference, observation = observed([gaps()], generator)
    alone = gaps().at(8000, 4000, None)
    assert torch.equal(observation, alone.degrade(reference, generator))
    estimate = torch.rand(2, 4000)
    assert torch.equal(chain.finish(estimate, observation), alone.finish(estimate, observation))


def test_gaps_in_a_noisy_sound_are_filled_and_no_noise_is_pasted_back(generator):
    """Whatever comes first: noise and then gaps is not told apart from a noisy sound, whose samples are not certain."""
    for tasks in ([gaps(), Denoise(noise_std=0.1)], [Denoise(noise_std=0.1), gaps()]):
        chain, reference, observation = observed(tasks, generator)
        assert torch.allclose(chain.finish(reference, observation), reference, atol=1e-6)


@pytest.mark.parametrize("tasks", [[gaps(), Quantization(n_levels=8)], [Quantization(n_levels=8), gaps()]])
def test_gaps_in_a_quantised_sound_keep_the_estimate_in_its_cells(tasks, generator):
    chain, reference, observation = observed(tasks, generator)
    estimate = reference + 0.2 * torch.randn(2, 4000, generator=generator)
    finished = chain.finish(estimate, observation)
    assert ((finished - reference).abs() <= (estimate - reference).abs() + 1e-6).all()
    outside = torch.ones(4000, dtype=torch.bool)
    outside[GAP] = False
    assert (finished - observation)[:, outside].abs().max() <= 1 / 8 + 1e-6  # half a cell of 2 / 8
    assert torch.equal(finished[:, GAP], estimate[:, GAP])


def test_a_low_rate_file_with_a_gap(generator):
    chain = Chain([gaps(), SuperResolution(2)])
    observation, rate = chain.receive(torch.ones(1, 2000), 4000)
    assert (observation.shape, rate) == ((1, 4000), 8000)
    task = chain.at(rate, 4000, None)
    assert (observation[:, GAP] == 0).all()
    assert task.facts == {"stage_0_missing_seconds": 0.1}


def test_a_chain_from_a_configuration():
    node = {
        "_target_": "dap.tasks.chain.Chain",
        "tasks": [
            {"_target_": "dap.tasks.super_resolution.SuperResolution", "factor": 3},
            {"_target_": "dap.tasks.denoise.Denoise", "snr_db": 10.0},
        ],
    }
    chain = build(node, "task")
    assert (chain.tasks[0].factor, chain.tasks[1].snr_db) == (3, 10.0)
    node["tasks"][1]["snr_db"] = "loud"
    with pytest.raises(ValueError, match=r"^task\.tasks\[1\]\.snr_db: expected a number or null, got 'loud'"):
        build(node, "task")


@pytest.mark.parametrize(("tasks", "message"), [([], "at least one task"), ([3], "tasks must be tasks, .*, got 3")])
def test_wrong_settings(tasks, message):
    with pytest.raises(ValueError, match=message):
        Chain(tasks)
