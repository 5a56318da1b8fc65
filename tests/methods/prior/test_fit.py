"""The loop."""

import io

import pytest
import torch
from torch import nn

from dap.methods.prior.fit import Fit


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


class Sabotaged(nn.Linear):
    """A network whose output is ``wrong`` the nth time that it is asked."""

    def __init__(self, calls: set[int], wrong: float) -> None:
        super().__init__(1, 1)
        self.calls, self.wrong, self.n_calls = calls, wrong, 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.n_calls += 1
        return super().forward(x) if self.n_calls - 1 not in self.calls else super().forward(x) + self.wrong


def sabotaged(calls: set[int], wrong: float, steps: int = 60, retries: int = 3) -> tuple[Fit, list[float]]:
    torch.manual_seed(0)
    network = Sabotaged(calls, wrong)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    fit = Fit(network, torch.ones(1, 1), lambda y: (y - 2).square().mean(), optimizer, steps, retries=retries)
    return fit, [loss for _, loss, _ in fit]


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e6])
def test_it_goes_back_from_a_loss_that_explodes(wrong):
    """The step is made again from the last good weights, 25 steps at most before, and at half the learning rate."""
    fit, losses = sabotaged({40}, wrong)
    assert fit.rollbacks == [40]
    assert fit.optimizer.param_groups[0]["lr"] == 0.05
    assert len(losses) == 61
    assert max(losses) == losses[0], "no iterate of the failure is yielded"
    assert losses[40] == losses[25], "the weights are those of step 25"
    assert losses[60] < losses[40]


def test_it_gives_up_after_some_retries():
    with pytest.raises(FloatingPointError, match=r"became nan at step 30, also at 1/4 of the learning rate: try a smaller lr"):
        sabotaged({30, 31, 32}, float("nan"), retries=2)


def test_the_state_after_any_iterate_leads_to_the_same_end():
    """Also past the weights that it may have to go back to."""

    def made() -> Fit:
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))
        optimizer = torch.optim.Adam(network.parameters(), 0.05)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 7, 0.5)
        target = torch.arange(4.0)
        noise = torch.Generator().manual_seed(1)
        return Fit(network, torch.ones(1, 4), lambda y: (y - target).square().mean(), optimizer, 40, 0.1, noise, scheduler)

    whole = list(made())
    for stop in (0, 1, 13, 25, 26, 39, 40):
        first = made()
        for step, _, _ in first:
            if step == stop:
                break
        buffer = io.BytesIO()
        torch.save(first.state_dict(), buffer)
        buffer.seek(0)
        second = made()
        second.load_state_dict(torch.load(buffer, weights_only=True))
        rest = list(second)
        assert [step for step, _, _ in rest] == list(range(stop + 1, 41))
        assert all(torch.equal(a[2], b[2]) for a, b in zip(rest, whole[stop + 1 :], strict=True))
