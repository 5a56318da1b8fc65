"""The frozen random input of a deep prior."""

import torch
from torch import Tensor

DISTRIBUTIONS = ("normal", "uniform", "symmetric_uniform")


class Latent:
    """Draws z: N(0, scale²), or uniform over [0, scale) or [−scale, scale).

    Args:
        channels: maps of z. More of them give the network more to build noise from.
        distribution: "normal" (Zhang et al., ICLR 2020), "uniform" (Ulyanov et al., 2018: scale 0.1) or "symmetric_uniform"
            (Michelashvili & Wolf, 2019: scale 1).
        scale: standard deviation, or upper end.

    Raises:
        ValueError: channels below 1, an unknown distribution, a scale that is not positive.

    >>> Latent(channels=2)((3, 5), torch.Generator().manual_seed(0)).shape
    torch.Size([1, 2, 3, 5])
    """

    def __init__(self, channels: int, distribution: str = "normal", scale: float = 1.0) -> None:
        if channels < 1:
            raise ValueError(f"channels must be at least 1, got {channels}")
        if distribution not in DISTRIBUTIONS:
            raise ValueError(f"distribution must be one of {', '.join(DISTRIBUTIONS)}, got {distribution!r}")
        if scale <= 0:
            raise ValueError(f"scale must be above 0, got {scale}")
        self.channels, self.distribution, self.scale = channels, distribution, scale

    def __call__(self, size: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Draw z of (1, channels, *size), drawn on the CPU so that every device gets the same."""
        draw = torch.randn if self.distribution == "normal" else torch.rand
        z = draw(1, self.channels, *size, generator=generator)
        return self.scale * (2 * z - 1 if self.distribution == "symmetric_uniform" else z)
