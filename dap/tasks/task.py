"""What every task offers: deepinv's y = sensor(noise(A x)), in three methods."""

from typing import Protocol

import torch
from torch import Tensor


class Task(Protocol):
    """A degradation, and what is known about its inverse. Waveforms are (channel, time), with any leading dimensions."""

    identity: bool
    """Whether observe is the identity: then the data term may compare the network's own maps, synthesis left out."""

    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """The observation of a clean reference."""

    def observe(self, estimate: Tensor) -> Tensor:
        """What the estimate would be observed as, without noise; differentiable, used in the data term."""

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """The estimate made consistent with what the observation tells for certain; idempotent."""
