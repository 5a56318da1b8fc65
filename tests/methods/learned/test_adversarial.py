"""The adversary: its losses at known points, whom each step moves, and what it sees."""

from functools import partial
import math

import pytest
import torch
from torch import nn

from dap.losses.elementwise import l2
from dap.methods.learned.adversarial import Adversarial
from dap.methods.learned.regression import Regression
from tests.methods.learned.networks import DEVICE, batch, judge, restorer, weights


class Level(nn.Module):
    """A discriminator whose logit is a constant times the sound's mean, and a constant."""

    def __init__(self, in_channels, n_samples):
        super().__init__()
        self.in_channels = in_channels
        self.scale, self.offset = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor(0.0))

    def forward(self, waveform):
        assert waveform.shape[1] == self.in_channels
        return self.scale * waveform.mean((1, 2))[:, None] + self.offset


def level(**settings):
    made = Adversarial(Level, partial(torch.optim.SGD, lr=0.0), **({"weight": 2.0, "warm_up_epochs": 0} | settings))
    made.build(1, 16, DEVICE)
    return made


def test_the_losses_by_hand():
    zero, one = torch.zeros(3, 1, 16), torch.ones(3, 1, 16)
    found = level().learn(zero, zero, zero, 0)
    assert found["discriminator"] == pytest.approx(math.log(2))  # it can only guess
    assert found["discriminator_real"] == found["discriminator_made"] == pytest.approx(0.5)
    sigmoid = 1 / (1 + math.exp(-1))
    assert level().learn(-one, one, zero, 0)["discriminator"] == pytest.approx(-math.log(sigmoid))
    assert level().loss(one, zero, zero, 0).item() == pytest.approx(-2 * math.log(sigmoid))
    hinge = level(loss="hinge")
    assert hinge.learn(-one, one, zero, 0)["discriminator"] == 0
    assert hinge.learn(zero, zero, zero, 0)["discriminator"] == pytest.approx(1)
    assert hinge.loss(one, zero, zero, 0).item() == pytest.approx(-2)


def test_a_conditional_one_sees_the_observation():
    zero, one = torch.zeros(3, 1, 16), torch.ones(3, 1, 16)
    conditional = level(conditional=True)
    assert conditional.logits(zero, one).flatten().tolist() == [0.5] * 3
    assert torch.equal(level().logits(zero, one), level().logits(zero, zero))


def test_each_learns_from_the_other_and_changes_itself_alone():
    network, adversary = restorer(), judge()
    observation, reference = batch()
    before, others = weights(adversary.discriminator), weights(network)
    adversary.learn(network(observation).detach(), reference, observation, 0)
    assert not torch.equal(weights(adversary.discriminator), before)
    assert torch.equal(weights(network), others)

    learnt = [weight.detach().clone() for weight in adversary.discriminator.parameters()]
    adversary.optimizers["discriminator"].zero_grad()
    adversary.loss(network(observation), reference, observation, 0).backward()
    assert all(weight.grad is None for weight in adversary.discriminator.parameters())
    assert all(map(torch.equal, adversary.discriminator.parameters(), learnt))
    assert all(weight.grad is not None for weight in network.parameters())


def test_they_warm_up_apart():
    network, adversary = restorer(), judge(warm_up_epochs=1)
    update = Regression(network, l2, torch.optim.Adam, [adversary])
    assert "adversarial" not in update.step(batch(), 0)
    losses = update.step(batch(), 1)
    assert losses["loss"] == pytest.approx(losses["distance"] + losses["adversarial"], rel=1e-5)


@pytest.mark.slow
def test_in_a_training_both_losses_move():
    """The discriminator comes away from guessing, and is not left there by a network that it has taught."""
    network, adversary = restorer(0.0), judge(weight=0.01)
    update = Regression(network, l2, partial(torch.optim.Adam, lr=3e-3), [adversary])
    seen = [update.step(batch(16, seed), 0) for seed in range(80)]
    assert min(losses["discriminator"] for losses in seen) < math.log(2)  # 0.35 to 0.58 over seven seeds
    assert seen[-1]["distance"] < 0.7 * seen[0]["distance"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weight": -1.0}, "weight must be at least 0, got -1"),
        ({"loss": "wasserstein"}, "loss must be one of bce, hinge, got 'wasserstein'"),
        ({"warm_up_epochs": -1}, "warm_up_epochs must be at least 0, got -1"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        level(**settings)
