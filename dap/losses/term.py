"""What can be added to the distance that a network is trained by: adversaries, distances of features, of spectra."""

from collections.abc import Iterator
import contextlib
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class Term:
    """A part of the loss, and what it must learn itself for that. This one adds nothing; the others override its methods.

    Attributes:
        modules, optimizers: what it trains, by name; kept and restored with the rest of the training.
    """

    def __init__(self) -> None:
        self.modules: dict[str, nn.Module] = {}
        self.optimizers: dict[str, Optimizer] = {}

    def build(self, n_channels: int, n_samples: int, device: torch.device) -> None:
        """Make its networks for windows of sound, (batch, n_channels, n_samples); torch's own generator draws the weights.

        Raises:
            ValueError: they do not fit windows of this size.
        """

    def learn(self, estimate: Tensor, reference: Tensor, observation: Tensor, epoch: int) -> dict[str, float]:
        """Train its own networks by one batch, (batch, channel, time); returns their losses by name.

        Args:
            estimate: cut off from what made it.
        """
        return {}

    def loss(self, estimate: Tensor, reference: Tensor, observation: Tensor, epoch: int) -> Tensor | None:
        """What is added, times its weight; None where it is not its turn yet."""
        return None

    @property
    def name(self) -> str:
        """Of what is added, in losses.csv."""
        return "nothing"


@contextlib.contextmanager
def frozen(*modules: nn.Module) -> Iterator[None]:
    """Inside, gradients pass through the networks and stay off their weights.

    >>> network = nn.Linear(1, 1)
    >>> with frozen(network):
    ...     network.weight.requires_grad
    False
    >>> network.weight.requires_grad
    True
    """
    wanted = [(weight, weight.requires_grad) for module in modules for weight in module.parameters()]
    try:
        for weight, _ in wanted:
            weight.requires_grad_(False)
        yield
    finally:
        for weight, before in wanted:
            weight.requires_grad_(before)


@contextlib.contextmanager
def evaluating(*modules: nn.Module) -> Iterator[None]:
    """Inside, the networks are in evaluation: no dropout, statistics as learnt, each item of a batch by itself.

    >>> network = nn.Dropout()
    >>> with evaluating(network):
    ...     network.training
    False
    """
    before = [(module, module.training) for outer in modules for module in outer.modules()]
    try:
        for module in modules:
            module.eval()
        yield
    finally:
        for module, training in before:
            module.training = training


def descend(optimizer: Optimizer, loss: Tensor) -> None:
    """One step down the gradient of a loss, and of nothing before it."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def warmed_up(name: str, epochs: Any) -> int:
    """A number of epochs that a setting gives, checked: ValueError.

    >>> warmed_up("warm_up_epochs", 2)
    2
    """
    if epochs < 0:
        raise ValueError(f"{name} must be at least 0, got {epochs}")
    return int(epochs)
