"""What every task must satisfy, on every option of configs/task/."""

import pytest
import torch

from dap.config.build import build
from tests.options import options, settings

RATE = 8000
SHAPES = [(1, 4000), (1, 4001), (2, 1023)]
SHORT = {"inpainting": ["task.n_gaps=2", "task.gap_seconds=0.0005", "task.fade_seconds=0"]}  # for clips of a few samples
DRAWS_NOTHING = {"quantization", "clipping", "super_resolution", "sample", "reverb", "separation"}
NOT_LINEAR = {"clipping"}
SOURCES = {"separation": (2,)}  # dimensions of a reference before (channel, time)


@pytest.fixture(params=options("task"))
def name(request) -> str:
    return request.param


@pytest.fixture
def task(name):
    return build(settings(f"task={name}", *SHORT.get(name, []))["task"], "task")


@pytest.fixture
def before(name) -> tuple[int, ...]:
    return SOURCES.get(name, ())


def observed(task, reference, seed=5):
    """The task at the reference, and its observation."""
    generator = torch.Generator().manual_seed(seed)
    there = task.at(RATE, reference.shape[-1], generator)
    return there, there.degrade(reference, generator)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_seed_decides_the_observation(name, task, before, shape):
    reference = torch.rand(*before, *shape) - 0.5
    first, second, other = (observed(task, reference, seed)[1] for seed in (5, 5, 6))
    assert torch.equal(first, second)
    assert torch.equal(first, other) == (name in DRAWS_NOTHING)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_are_kept(task, before, shape):
    reference = torch.rand(*before, *shape) - 0.5
    task, observation = observed(task, reference)
    assert observation.shape == task.observe(reference).shape == shape
    assert task.finish(reference, observation).shape == task.unobserved(reference).shape == reference.shape


@pytest.mark.parametrize("shape", SHAPES)
def test_observing_what_it_was_told_is_the_identity_is_the_identity(task, before, shape):
    task, _ = observed(task, torch.rand(*before, *shape))
    estimate = torch.rand(*before, *shape)
    if task.identity:
        assert torch.equal(task.observe(estimate), estimate)


def test_observe_is_differentiable(task, before):
    task, _ = observed(task, torch.rand(*before, 1, 24))
    estimate = torch.rand(*before, 1, 24, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(task.observe, estimate)


@pytest.mark.parametrize("n_samples", [100, 101])
def test_observe_is_linear_and_its_gradient_the_adjoint(name, task, before, n_samples):
    """⟨A x, u⟩ = ⟨x, Aᵀ u⟩ for all x, with one Aᵀ u that autograd took elsewhere."""
    task, _ = observed(task, torch.rand(*before, 2, n_samples))
    one, other = torch.randn(2, *before, 2, n_samples, dtype=torch.float64)
    if name in NOT_LINEAR:
        assert not torch.allclose(task.observe(10 * one), 10 * task.observe(one))
        return
    u = torch.randn(2, n_samples, dtype=torch.float64)
    elsewhere = torch.randn(*before, 2, n_samples, dtype=torch.float64, requires_grad=True)
    (adjoint,) = torch.autograd.grad(task.observe(elsewhere), elsewhere, u)
    for x in (one, other):
        assert torch.allclose((task.observe(x) * u).sum(), (x * adjoint).sum(), rtol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_finish_is_idempotent(task, before, shape):
    task, observation = observed(task, torch.rand(*before, *shape) - 0.5)
    once = task.finish(torch.rand(*before, *shape), observation)
    assert torch.allclose(task.finish(once, observation), once, atol=1e-5)  # two filters there and back, in float32


@pytest.mark.parametrize("shape", SHAPES)
def test_finish_leaves_the_truth_alone(task, before, shape):
    reference = torch.rand(*before, *shape) - 0.5
    task, observation = observed(task, reference)
    assert torch.allclose(
        task.finish(reference, observation), reference, atol=1e-3
    )  # of ±0.5; what a filter loses at the ends is 1e-4


def test_silence_stays_finite(task, before):
    _, observation = observed(task, torch.zeros(*before, 1, 100))
    assert torch.isfinite(observation).all()


def test_one_sample_is_right_or_refused(task, before):
    reference = torch.full((*before, 1, 1), 0.5)
    try:
        task, observation = observed(task, reference)
    except ValueError as error:
        assert "1 sample" in str(error)  # noqa: PT017  (right, or refused)
    else:
        assert observation.shape == task.observe(reference).shape == (1, 1)
        assert task.finish(reference, observation).shape == reference.shape
        assert torch.isfinite(observation).all()


def test_a_damaged_sound_draws_nothing(task, before):
    """A task that must draw refuses it; the others are settled without a generator."""
    damaged = observed(task, torch.rand(*before, 1, 100) - 0.5)[1]
    try:
        observation, rate = task.receive(damaged, RATE)
        task = task.at(rate, observation.shape[-1], None)
    except ValueError as error:
        assert "damaged" in str(error)  # noqa: PT017
    else:
        assert task.observe(observation.expand(*before, *observation.shape)).shape == observation.shape
