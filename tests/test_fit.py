"""The loop."""

import pytest
import torch
from torch import nn

from dap.fit import Fit


def run(steps: int = 5, seed: int = 0, **settings) -> list[tuple[int, float, torch.Tensor]]:
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))
    optimizer = torch.optim.Adam(network.parameters(), 0.05)
    target = torch.arange(4.0)
    return list(Fit(network, torch.ones(1, 4), lambda y: (y - target).square().mean(), optimizer, steps, **settings))


def test_yields_the_untouched_network_and_one_iterate_an_update():
    iterates = run(steps=5)
    assert [step for step, _, _ in iterates] == list(range(6))
    assert not any(output.requires_grad for _, _, output in iterates)


def test_it_fits():
    losses = [loss for _, loss, _ in run(steps=300)]
    assert losses[-1] < 1e-3 * losses[0]


def test_same_seed_same_numbers():
    first, second = run(), run()
    assert all(torch.equal(a[2], b[2]) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0][2], run(seed=1)[0][2])


def test_perturbation_comes_from_the_generator():
    noisy = [run(input_noise_std=0.1, generator=torch.Generator().manual_seed(3)) for _ in range(2)]
    assert noisy[0][3][1] == noisy[1][3][1]
    assert noisy[0][3][1] != run()[3][1]


def test_a_scheduler_changes_the_learning_rate_after_each_update():
    """Plain gradient descent on y: each step is lr · 1, and lr is 0.4 for two updates, then a tenth of it."""
    weight = nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.SGD(weight.parameters(), lr=0.4)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
    values = torch.tensor([loss for _, loss, _ in Fit(weight, torch.ones(1, 1), torch.sum, optimizer, 4, scheduler=scheduler)])
    assert torch.allclose(values.diff(), torch.tensor([-0.4, -0.4, -0.04, -0.04]), atol=1e-6)


def test_a_loss_that_is_no_number_stops_it():
    weight = nn.Linear(1, 1)
    with pytest.raises(FloatingPointError, match="the loss became nan at step 0: try a smaller lr"):
        list(Fit(weight, torch.ones(1, 1), lambda y: y.sum() * torch.nan, torch.optim.SGD(weight.parameters()), 3))
