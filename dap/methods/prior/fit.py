"""The loop of a deep prior: fit a network to one observation and yield every iterate. It writes nothing and decides nothing."""

from collections.abc import Callable, Iterator
import copy
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from dap.layers.precision import compute

_KEEP_EVERY = 25  # steps between the states that a fit which went wrong can go back to
_EXPLODED = 100.0  # times the first loss


class Fit:
    """Minimise objective(network(latent)) over the network's weights.

    Iterating yields (step, loss, output), steps + 1 times: the untouched network, then the network after each update. The
    state after any of them, given to a new `Fit` of the same arguments, makes it yield the next ones: the same numbers, bit
    for bit, on the same CPU; not on a GPU, whose sums have no order.

    Where the loss is no longer finite, or grows to 100 times the first, the weights go back to what they were up to 25 steps
    ago, the learning rate is halved, and the step is made from there; no iterate of the failure is yielded.

    Args:
        network: from the latent to an estimate.
        latent: the frozen input.
        objective: the data term, from the network's output to a scalar.
        optimizer: of the network's weights.
        steps: number of updates.
        input_noise_std: standard deviation of the noise added to the latent, afresh at each step (Ulyanov et al., 2018).
        generator: of that noise, on the latent's device.
        scheduler: changes the optimiser's learning rate after each update.
        retries: how often it may go back.
        precision: of the network's convolutions and products (`dap.layers.precision.compute`).

    Attributes:
        rollbacks: the steps at which it went back.

    Raises:
        FloatingPointError: the loss is not a finite number, and going back did not help.

    >>> network = nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    >>> losses = [loss for _, loss, _ in Fit(network, torch.ones(1, 1), lambda y: (y - 2).square().mean(), optimizer, 20)]
    >>> len(losses), losses[-1] < 0.01 * losses[0]
    (21, True)
    """

    def __init__(
        self,
        network: nn.Module,
        latent: Tensor,
        objective: Callable[[Tensor], Tensor],
        optimizer: torch.optim.Optimizer,
        steps: int,
        input_noise_std: float = 0.0,
        generator: torch.Generator | None = None,
        scheduler: LRScheduler | None = None,
        retries: int = 3,
        precision: str = "float32",
    ) -> None:
        self.network, self.latent, self.objective, self.optimizer = network, latent, objective, optimizer
        self.steps, self.input_noise_std, self.generator = steps, input_noise_std, generator
        self.scheduler, self.retries, self.precision = scheduler, retries, precision
        self.next_step = 0
        self.first_loss = math.inf
        self.rollbacks: list[int] = []
        self._good: dict[str, Any] | None = None

    def __iter__(self) -> Iterator[tuple[int, float, Tensor]]:
        while self.next_step <= self.steps:
            step = self.next_step
            output = compute(self.network, self.precision, self._input())
            loss = self.objective(output)
            value = loss.item()
            if not math.isfinite(value) or 0 < _EXPLODED * self.first_loss < value:
                self._go_back(value)
                continue
            if step == 0:
                self.first_loss = value
            if step % _KEEP_EVERY == 0:
                self._good = copy.deepcopy(self._weights())
            if step < self.steps:
                self.optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                self.optimizer.step()
                if self.scheduler is not None:
                    self.scheduler.step()
            self.next_step += 1
            yield step, value, output.detach()

    def state_dict(self) -> dict[str, Any]:
        """After an iterate: all that the next ones depend on, of plain values and tensors that are not copied."""
        return {
            **self._weights(),
            "generator": None if self.generator is None else self.generator.get_state(),
            "next_step": self.next_step,
            "first_loss": self.first_loss,
            "rollbacks": self.rollbacks,
            "good": self._good,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the iterate at which ``state`` was taken."""
        self._load_weights(state)
        if self.generator is not None:
            self.generator.set_state(state["generator"])
        self.next_step, self.first_loss = state["next_step"], state["first_loss"]
        self.rollbacks, self._good = list(state["rollbacks"]), state["good"]

    def _input(self) -> Tensor:
        if not self.input_noise_std:
            return self.latent
        noise = torch.randn(self.latent.shape, generator=self.generator, device=self.latent.device)
        return self.latent + self.input_noise_std * noise

    def _weights(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
        }

    def _load_weights(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])

    def _go_back(self, loss: float) -> None:
        if self._good is None or len(self.rollbacks) >= self.retries:
            tried = f", also at 1/{2 ** len(self.rollbacks)} of the learning rate" if self.rollbacks else ""
            raise FloatingPointError(f"the loss became {loss:g} at step {self.next_step}{tried}: try a smaller lr")
        self.rollbacks.append(self.next_step)
        halved = [group["lr"] / 2 for group in self.optimizer.param_groups]
        self._load_weights(copy.deepcopy(self._good))
        for group, lr in zip(self.optimizer.param_groups, halved, strict=True):
            group["lr"] = lr
