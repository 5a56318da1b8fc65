"""What one update of a training is: from a batch to losses, with all that it changes kept where it can be saved."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

Batch = tuple[Tensor, ...]
"""Tensors that begin with the batch's dimension; for restoration (observation, reference), each (batch, channel, time)."""


class Update(ABC):
    """An update rule with the networks and optimisers that it changes.

    Attributes:
        modules: every network with a state, by name.
        optimizers: every optimiser, by name.
        schedulers: what changes their learning rates after an epoch, by name.
    """

    def __init__(self) -> None:
        self.modules: dict[str, nn.Module] = {}
        self.optimizers: dict[str, Optimizer] = {}
        self.schedulers: dict[str, ReduceLROnPlateau] = {}

    @abstractmethod
    def step(self, batch: Batch, epoch: int) -> dict[str, float]:
        """Change the weights by one batch; returns losses by name, the same names throughout an epoch.

        Args:
            batch: on the networks' device.
            epoch: from 0; an update may do another thing in the first epochs than in the later ones.
        """

    def end_epoch(self, value: float) -> None:
        """Tell the schedulers what the validation found: the lower, the better."""
        for scheduler in self.schedulers.values():
            scheduler.step(value)

    def state_dict(self) -> dict[str, Any]:
        """All that the next updates depend on, of plain values and tensors that are not copied."""
        groups: tuple[dict[str, Any], ...] = (self.modules, self.optimizers, self.schedulers)
        return {str(index): {name: part.state_dict() for name, part in group.items()} for index, group in enumerate(groups)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another of the same settings left off."""
        groups: tuple[dict[str, Any], ...] = (self.modules, self.optimizers, self.schedulers)
        for index, group in enumerate(groups):
            for name, part in group.items():
                part.load_state_dict(state[str(index)][name])
