"""What the fit of a network begins with."""

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class FirstStep:
    """A network with random weights, its input, and what its output is compared with, all on one device.

    Args:
        network: from the latent to maps like the target's.
        latent: (1, maps, ...).
        target: the observation's maps, (1, maps, ...), at the observation's level.
    """

    network: nn.Module
    latent: Tensor
    target: Tensor
