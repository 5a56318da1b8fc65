"""The loop of a training: updates by batches, epoch after epoch. It writes nothing and decides nothing.

The contract, for whatever is trained:

- an `Update` (dap/methods/update.py) makes one update of a batch and returns losses by name; it holds the networks and
  optimisers that it changes, in `modules` and `optimizers`, and by them its state;
- a `Batches` gives the batches of an epoch. What it draws follows from the number of the epoch and a seed of its own alone, so
  that it has no state: an epoch that was cut is gone on with from the batch after the last;
- `Train` yields after each update. The caller scores, writes, keeps the best weights, saves ``state_dict()``, and at the end of
  an epoch tells ``update.end_epoch`` what its validation found;
- a `TrainingPlan` (dap/methods/training_plan.py) is what a method makes of these for a data set.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import math
from typing import Any, Protocol

import torch

from dap.methods.update import Batch, Update


class Batches(Protocol):
    """The batches of each epoch, in an order of its own."""

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from the batch ``first`` on: the same ones each time it is asked."""


@dataclass(frozen=True)
class Progress:
    """One look at a training under way.

    Args:
        epoch: under way, from 0.
        step: updates done in it.
        losses: means over these, by name.
        epoch_done: this was its last batch.
    """

    epoch: int
    step: int
    losses: dict[str, float]
    epoch_done: bool


class Train:
    """Update by every batch of ``epochs`` epochs.

    Iterating yields after each update. The state after any of them, given to a new `Train` of the same arguments, makes it
    yield the next ones: the same numbers, bit for bit, on the same CPU.

    Args:
        update: what is done with a batch.
        batches: of each epoch.
        epochs: how many.
        device: where the batches are taken to.

    Raises:
        FloatingPointError: a loss is not a finite number. ValueError: an epoch without a batch.

    >>> from torch import nn
    >>> class Mean(Update):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.modules["network"] = self.network = nn.Linear(1, 1)
    ...         self.optimizers["network"] = self.optimizer = torch.optim.SGD(self.network.parameters(), lr=0.1)
    ...     def step(self, batch, epoch):
    ...         loss = (self.network(batch[0]) - 2).square().mean()
    ...         self.optimizer.zero_grad()
    ...         loss.backward()
    ...         self.optimizer.step()
    ...         return {"loss": loss.item()}
    >>> class Ones:
    ...     def epoch(self, number, first=0):
    ...         return iter([(torch.ones(4, 1),)] * (10 - first))
    >>> ends = [trained.losses["loss"] for trained in Train(Mean(), Ones(), epochs=2) if trained.epoch_done]
    >>> len(ends), ends[1] < 0.01 * ends[0]
    (2, True)
    """

    def __init__(self, update: Update, batches: Batches, epochs: int, device: torch.device | str = "cpu") -> None:
        self.update, self.batches, self.epochs, self.device = update, batches, epochs, torch.device(device)
        self.next_epoch = self.next_step = 0
        self.sums: dict[str, float] = {}

    def __iter__(self) -> Iterator[Progress]:
        while self.next_epoch < self.epochs:
            epoch = self.next_epoch
            batches = self.batches.epoch(epoch, self.next_step)
            batch = next(batches, None)
            if batch is None:
                raise ValueError("an epoch without a batch: the training files hold no whole window")
            while batch is not None:
                here = tuple(part.to(self.device) for part in batch)
                for name, value in self.update.step(here, epoch).items():
                    if not math.isfinite(value):
                        raise FloatingPointError(f"{name} became {value:g} in epoch {epoch + 1}: try a smaller lr")
                    self.sums[name] = self.sums.get(name, 0.0) + value
                self.next_step += 1
                batch = next(batches, None)
                step, losses = self.next_step, {name: value / self.next_step for name, value in self.sums.items()}
                if batch is None:
                    self.next_epoch, self.next_step, self.sums = epoch + 1, 0, {}
                yield Progress(epoch, step, losses, batch is None)

    def state_dict(self) -> dict[str, Any]:
        """After an update: all that the next ones depend on, of plain values and tensors that are not copied."""
        place = {"next_epoch": self.next_epoch, "next_step": self.next_step, "sums": dict(self.sums)}
        return {**place, "update": self.update.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the update at which ``state`` was taken."""
        self.next_epoch, self.next_step, self.sums = state["next_epoch"], state["next_step"], dict(state["sums"])
        self.update.load_state_dict(state["update"])
