"""The losses, on signals whose distance is known."""

import math

import pytest
import torch

from dap.config.build import build
from dap.losses.elementwise import l1, l2, l2_norm
from tests.options import options, settings


@pytest.mark.parametrize("option", options("loss"))
def test_a_loss_is_zero_at_the_target_and_there_its_gradient_is_finite(option):
    loss = build(settings(f"loss={option}")["loss"], "loss")
    target = torch.randn(1, 2, 50)
    estimate = target.clone().requires_grad_()
    value = loss(estimate, target)
    value.backward()
    assert value == 0
    assert estimate.grad.isfinite().all()


@pytest.mark.parametrize("option", options("loss"))
def test_gradcheck(option):
    loss = build(settings(f"loss={option}")["loss"], "loss")
    estimate = torch.randn(1, 2, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda estimate: loss(estimate, torch.zeros_like(estimate)), estimate)


def test_white_noise(generator):
    noise = 0.1 * torch.randn(1, 1, 8192, generator=generator)
    silence = torch.zeros_like(noise)
    assert float(l2(noise, silence)) == pytest.approx(0.01, rel=0.05)  # 8192 draws: 1.6 %
    assert float(l1(noise, silence)) == pytest.approx(0.1 * math.sqrt(2 / math.pi), rel=0.05)
    assert float(l2_norm(noise, silence)) == pytest.approx(9.05, rel=0.03)  # the level where Vinyard's curves flatten


def test_the_norm_pulls_as_hard_near_the_target():
    for distance in (1.0, 1e-3):
        estimate = torch.full((1, 1, 4), distance, requires_grad=True)
        l2_norm(estimate, torch.zeros(1, 1, 4)).backward()
        assert torch.allclose(estimate.grad, torch.full((1, 1, 4), 0.5))
