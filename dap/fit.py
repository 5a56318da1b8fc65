"""The loop of a deep prior: fit a network to one observation and yield every iterate. It writes nothing and decides nothing."""

from collections.abc import Callable, Iterator
import math

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler


def fit(
    network: nn.Module,
    latent: Tensor,
    objective: Callable[[Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    steps: int,
    input_noise_std: float = 0.0,
    generator: torch.Generator | None = None,
    scheduler: LRScheduler | None = None,
) -> Iterator[tuple[int, float, Tensor]]:
    """Minimise objective(network(latent)) over the network's weights.

    Args:
        network: from the latent to an estimate.
        latent: the frozen input.
        objective: the data term, from the network's output to a scalar.
        optimizer: of the network's weights.
        steps: number of updates.
        input_noise_std: standard deviation of the noise added to the latent, afresh at each step (Ulyanov et al., 2018).
        generator: of that noise, on the latent's device.
        scheduler: changes the optimiser's learning rate after each update.

    Yields:
        (step, loss, output), steps + 1 times: the untouched network, then the network after each update.

    Raises:
        FloatingPointError: the loss is no longer a finite number.

    >>> network = nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    >>> losses = [loss for _, loss, _ in fit(network, torch.ones(1, 1), lambda y: (y - 2).square().mean(), optimizer, 20)]
    >>> len(losses), losses[-1] < 0.01 * losses[0]
    (21, True)
    """
    for step in range(steps + 1):
        perturbed = latent
        if input_noise_std:
            noise = torch.randn(latent.shape, generator=generator, device=latent.device)
            perturbed = latent + input_noise_std * noise
        output = network(perturbed)
        loss = objective(output)
        value = loss.item()
        if not math.isfinite(value):
            raise FloatingPointError(f"the loss became {value} at step {step}: try a smaller lr")
        yield step, value, output.detach()
        if step < steps:
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
