"""Stopping rules on courses of a fit that are known by heart: first the sound comes, then the noise."""

import pytest
import torch
from torch import Tensor

from dap.dsp.signals import tones, white_noise
from dap.methods.stopping import EMV, Discrepancy, Fixed, Oracle, StoppingRule
from dap.metrics.distortion import si_sdr
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting
from dap.tasks.quantization import Quantization

N_STEPS = 400
DENOISE = Denoise(noise_std=0.1)


@pytest.fixture(scope="module")
def course() -> tuple[Tensor, Tensor, list[Tensor]]:
    """Reference, observation, and iterates that take in the sound over 100 steps, then the noise, each with jitter."""
    generator = torch.Generator().manual_seed(0)
    reference = tones([440.0, 880.0], 16000, 16000)[None]
    noise = white_noise((1, 16000), 0.1, generator)
    estimates = []
    for step in range(N_STEPS):
        sound = 1 - torch.exp(torch.tensor(-step / 25.0))
        noisy = 1 - torch.exp(torch.tensor(-max(0, step - 150) / 60.0))
        estimates.append(sound * reference + noisy * noise)
    return reference, reference + noise, estimates


def chosen(rule: StoppingRule, course: tuple[Tensor, Tensor, list[Tensor]], reference: bool = False) -> int:
    clean, observation, estimates = course
    rule.start(DENOISE, observation, clean if reference else None)
    for step, estimate in enumerate(estimates):
        rule.update(step, estimate)
    assert rule.step is not None
    assert torch.equal(rule.estimate, estimates[rule.step])
    return rule.step


def loss_of(step: int, course: tuple[Tensor, Tensor, list[Tensor]]) -> float:
    """How many dB of SI-SDR a choice is away from the best."""
    reference, _, estimates = course
    best = max(si_sdr(estimate, reference) for estimate in estimates)
    return best - si_sdr(estimates[step], reference)


def test_the_last_is_the_default(course):
    assert chosen(Fixed(), course) == N_STEPS - 1
    assert chosen(Fixed(7), course) == 7


def test_the_oracle_finds_the_best_and_needs_the_reference(course):
    rule = Oracle()
    assert not rule.blind
    assert loss_of(chosen(rule, course, reference=True), course) == 0
    with pytest.raises(ValueError, match="the oracle needs a reference"):
        Oracle().start(DENOISE, course[1], None)


@pytest.mark.parametrize("noise_std", [0.1, None])
def test_discrepancy_stops_between_sound_and_noise(course, noise_std):
    rule = Discrepancy(noise_std, factor=1.01)
    step = chosen(rule, course)
    assert rule.blind
    assert rule.done
    assert 50 < step < 200


def test_discrepancy_that_is_never_reached_keeps_the_last(course):
    rule = Discrepancy(noise_std=1e-9)
    assert chosen(rule, course) == N_STEPS - 1
    assert not rule.done


def test_emv_stops_where_little_changes(course):
    rule = EMV(alpha=0.1, patience=50)
    step = chosen(rule, course)
    assert rule.done
    assert loss_of(step, course) < 1
    assert 100 < step < 200


def test_emv_does_not_take_the_silence_at_the_start():
    rule = EMV(alpha=0.1, patience=60)
    sound = torch.randn(1, 100)
    estimates = [1e-4 * step * sound for step in range(100)] + [sound] * 100
    for step, estimate in enumerate(estimates):
        rule.update(step, estimate)
        if rule.done:
            break
    assert rule.step is not None
    assert rule.step > 100


def test_the_residual_is_of_what_was_observed():
    task = Inpainting(gaps=[[0.5, 1.0]]).at(1000, 1000, None)
    rule = Discrepancy(noise_std=0.1)
    rule.start(task, torch.zeros(1, 1000), None)
    rule.update(0, torch.cat([torch.zeros(1, 500), torch.ones(1, 500)], dim=1))  # loud, where nothing was observed
    assert rule.statistic == 0
    assert rule.done


def test_a_fit_that_was_too_short_is_told_so():
    observation = torch.randn(1, 1000)
    rule = Discrepancy(noise_std=0.5)
    rule.start(DENOISE, observation, None)
    rule.update(0, torch.zeros(1, 1000))
    assert not rule.done
    assert rule.reason.endswith("of the noise level: try more steps")


def test_without_noise_the_fit_goes_on():
    task = Inpainting(gaps=[[0.5, 1.0]]).at(1000, 1000, None)
    rule = Discrepancy()
    rule.start(task, torch.randn(1, 1000), None)
    for step in range(3):
        rule.update(step, torch.zeros(1, 1000))
    assert rule.step == 2
    assert not rule.done
    assert rule.statistic is None


def test_the_noise_of_a_quantiser_is_known():
    reference = torch.rand(1, 20000, generator=torch.Generator().manual_seed(0)) - 0.5  # whole cells
    task = Quantization(n_levels=16)
    observation = task.degrade(reference, torch.Generator())
    actual = float((observation - reference).square().mean().sqrt())
    assert task.known_noise_std(observation) == pytest.approx(actual, rel=0.02)
    rule = Discrepancy(factor=1.05)
    rule.start(task, observation, None)
    rule.update(0, reference)
    assert rule.done


def test_emv_does_not_judge_before_its_means_are_full():
    rule = EMV(alpha=0.05, patience=10)
    still = torch.ones(1, 100)
    for step in range(20):
        rule.update(step, still)
        assert rule.step == step
        assert not rule.done


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Fixed(-1), "step must be at least 0"),
        (lambda: Discrepancy(noise_std=-0.1), "noise_std must be above 0 or null, got -0.1"),
        (lambda: Discrepancy(factor=0), "factor must be above 0"),
        (lambda: EMV(alpha=1), "alpha must be between 0 and 1"),
        (lambda: EMV(patience=0), "patience must be at least 1 step"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()
