"""The frozen random input of a generator: a grid, coarser than the estimate."""

import math

import torch
from torch import Tensor


class GridLatent:
    """Draws z on a grid 2^stages times coarser than the maps: uniform over [0, scale).

    Args:
        channels: maps of z.
        stages: doublings that the network does. The fewer, the more of the estimate's detail is random from the start.
        scale: upper end.

    Raises:
        ValueError: channels below 1, stages below 0, a scale that is not positive.

    Reference: Ulyanov et al., "Deep Image Prior", 2018 (uniform, scale 0.1).

    >>> GridLatent(channels=2, stages=4)((512, 33), torch.Generator().manual_seed(0)).shape
    torch.Size([1, 2, 32, 3])
    """

    def __init__(self, channels: int, stages: int, scale: float = 0.1) -> None:
        if channels < 1:
            raise ValueError(f"channels must be at least 1, got {channels}")
        if stages < 0:
            raise ValueError(f"stages must be at least 0, got {stages}")
        if scale <= 0:
            raise ValueError(f"scale must be above 0, got {scale}")
        self.channels, self.stages, self.scale = channels, stages, scale

    def __call__(self, size: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Draw z of (1, channels, *size / 2^stages, rounded up), drawn on the CPU so that every device gets the same."""
        grid = [math.ceil(length / 2**self.stages) for length in size]
        return self.scale * torch.rand(1, self.channels, *grid, generator=generator)
