"""The plain update: towards the reference by a distance, and by whatever terms are added to it."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from dap.losses.term import Term, descend
from dap.methods.update import Batch, Update


class Regression(Update):
    """One step down loss(network(observation), reference) + Σ terms.

    A batch is (observation, reference), each (batch, channel, time). The terms learn first, of the estimate as it was before.

    Args:
        network: from observations to estimates.
        loss: (estimate, reference) to a scalar.
        optimizer: makes the optimiser from the weights.
        terms: built for the network's windows.
        scheduler: makes what lowers the learning rate from the optimiser; None leaves it. Only the network's: an adversary's
            progress does not show in the validation.

    >>> network = nn.Conv1d(1, 1, 1)
    >>> update = Regression(network, lambda a, b: (a - b).square().mean(), torch.optim.Adam)
    >>> list(update.step((torch.ones(2, 1, 8), torch.zeros(2, 1, 8)), epoch=0))
    ['distance', 'loss']
    """

    def __init__(
        self,
        network: nn.Module,
        loss: Callable[[Tensor, Tensor], Tensor],
        optimizer: Callable[..., torch.optim.Optimizer],
        terms: Sequence[Term] = (),
        scheduler: Callable[..., ReduceLROnPlateau] | None = None,
    ) -> None:
        super().__init__()
        self.network, self.loss, self.terms = network, loss, terms
        self.optimizer = optimizer(network.parameters())
        self.modules["network"], self.optimizers["network"] = network, self.optimizer
        for term in terms:
            self.modules.update(term.modules)
            self.optimizers.update(term.optimizers)
        if scheduler is not None:
            self.schedulers["network"] = scheduler(self.optimizer)

    def step(self, batch: Batch, epoch: int) -> dict[str, float]:
        observation, reference = batch
        self.network.train()
        estimate = self.network(observation)
        learnt: dict[str, float] = {}
        for term in self.terms:
            learnt.update(term.learn(estimate.detach(), reference, observation, epoch))
        total = distance = self.loss(estimate, reference)
        added: dict[str, Any] = {}
        for term in self.terms:
            addition = term.loss(estimate, reference, observation, epoch)
            if addition is not None:
                total, added[term.name] = total + addition, addition.item()
        descend(self.optimizer, total)
        return {"distance": distance.item(), **added, "loss": total.item(), **learnt}
