"""The supervised loop: what it yields, what it refuses, and that it goes on to the same end."""

import copy

import pytest
import torch
from torch import nn

from dap.layers.dropout import Dropout
from dap.methods.train import Train
from dap.methods.update import Update


class Toy(Update):
    """A network with dropout and Adam, whose state is more than its weights."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.modules["network"] = self.network = nn.Sequential(nn.Linear(3, 8), Dropout(0.5), nn.Linear(8, 1))
        self.optimizers["network"] = self.optimizer = torch.optim.Adam(self.network.parameters(), lr=0.01)
        self.schedulers["network"] = torch.optim.lr_scheduler.ReduceLROnPlateau(self.optimizer, patience=0)
        self.factor = factor

    def step(self, batch, epoch):
        loss = self.factor * (self.network(batch[0]) - batch[1]).square().mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss": loss.item(), "epoch": float(epoch)}


class Draws:
    """Batches that follow from a seed and the epoch."""

    def __init__(self, n_batches: int = 5) -> None:
        self.n_batches = n_batches

    def epoch(self, number, first=0):
        generator = torch.Generator().manual_seed(number)
        batches = [tuple(torch.randn(4, n, generator=generator) for n in (3, 1)) for _ in range(self.n_batches)]
        return iter(batches[first:])


def follow(train, states=None):
    """What is yielded, the plateau told of each epoch's end; the state after each into ``states``."""
    found = []
    for trained in train:
        if trained.epoch_done:
            train.update.end_epoch(1.0)  # never better: the learning rate falls
        found.append((trained.epoch, trained.step, trained.losses, trained.epoch_done))
        if states is not None:
            states.append(copy.deepcopy(train.state_dict()))
    return found


def test_each_batch_of_each_epoch_has_its_update():
    found = follow(Train(Toy(), Draws(), epochs=2))
    assert [(epoch, step) for epoch, step, *_ in found] == [(epoch, step) for epoch in (0, 1) for step in range(1, 6)]
    assert [done for *_, done in found] == 2 * [False, False, False, False, True]
    assert [losses["epoch"] for _, _, losses, _ in found] == 5 * [0.0] + 5 * [1.0]


def test_losses_are_means_over_the_epoch_so_far():
    whole = follow(Train(Toy(), Draws(3), epochs=1))
    singles = [3 * whole[2][2]["loss"] - 2 * whole[1][2]["loss"], 2 * whole[1][2]["loss"] - whole[0][2]["loss"]]
    assert whole[2][2]["loss"] == pytest.approx((whole[0][2]["loss"] + singles[1] + singles[0]) / 3)
    assert len(set(singles)) == 2


def test_it_goes_on_from_every_update_to_the_same_bits():
    states = []
    whole = Train(Toy(), Draws(), epochs=3)
    expected = follow(whole, states)
    for index, state in enumerate(states):
        again = Train(Toy(), Draws(), epochs=3)
        again.load_state_dict(state)
        assert follow(again) == expected[index + 1 :]
        for one, other in zip(again.update.network.parameters(), whole.update.network.parameters(), strict=True):
            assert torch.equal(one, other)
        assert again.update.optimizer.param_groups[0]["lr"] == whole.update.optimizer.param_groups[0]["lr"] < 0.01


def test_what_is_no_training_is_refused():
    with pytest.raises(FloatingPointError, match=r"loss became (inf|nan) in epoch 1: try a smaller lr"):
        follow(Train(Toy(float("inf")), Draws(), epochs=1))
    with pytest.raises(ValueError, match="an epoch without a batch"):
        follow(Train(Toy(), Draws(0), epochs=1))
