"""What every task must satisfy, on every option of configs/task/."""

import pytest
import torch

from dap.schema import build
from tests.options import options, settings

SHAPES = [(1, 4000), (1, 4001), (1, 1), (2, 1023)]


@pytest.fixture(params=options("task"))
def task(request):
    return build(settings(f"task={request.param}")["task"], "task")


@pytest.mark.parametrize("shape", SHAPES)
def test_same_seed_same_observation(task, shape):
    reference = torch.rand(shape) - 0.5
    first, second = (task.degrade(reference, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, task.degrade(reference, torch.Generator().manual_seed(6)))


@pytest.mark.parametrize("shape", SHAPES)
def test_observing_what_it_was_told_is_the_identity_is_the_identity(task, shape):
    estimate = torch.rand(shape)
    if task.identity:
        assert torch.equal(task.observe(estimate), estimate)


def test_observe_is_differentiable(task):
    estimate = torch.rand(1, 24, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(task.observe, estimate)


@pytest.mark.parametrize("shape", SHAPES)
def test_finish_is_idempotent(task, shape):
    reference = torch.rand(shape) - 0.5
    observation = task.degrade(reference, torch.Generator().manual_seed(5))
    once = task.finish(torch.rand(shape), observation)
    assert torch.equal(task.finish(once, observation), once)


def test_silence_stays_finite(task, generator):
    assert torch.isfinite(task.degrade(torch.zeros(1, 100), generator)).all()
