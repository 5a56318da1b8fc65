"""A frozen random input that is nearly the same along time, or along frequency."""

import math

import torch
from torch import Tensor

AXES = ("time", "frequency")


class StripedLatent:
    """Draws z = N(0, 1) constant along one axis, and a little of N(0, 1) that is not, of variance 1 together.

    A convolutional network turns stripes into stripes: of a z that is constant along time it makes what is steady before it
    makes anything else, and of one that is constant along frequency what is short and broad.

    Args:
        channels: maps of z.
        axis: "time" or "frequency", along which it is constant.
        noise: standard deviation of the part that is not, relative to the part that is; with 0 the network could make nothing
            but stripes.

    Raises:
        ValueError: channels below 1, another axis, noise below 0.

    >>> z = StripedLatent(channels=2, axis="time", noise=0.0)((3, 5), torch.Generator().manual_seed(0))
    >>> z.shape, bool((z == z[..., :1]).all())
    (torch.Size([1, 2, 3, 5]), True)
    """

    def __init__(self, channels: int, axis: str, noise: float = 0.1) -> None:
        if channels < 1:
            raise ValueError(f"channels must be at least 1, got {channels}")
        if axis not in AXES:
            raise ValueError(f"axis must be one of {', '.join(AXES)}, got {axis!r}")
        if not (math.isfinite(noise) and noise >= 0):
            raise ValueError(f"noise must be at least 0, got {noise}")
        self.channels, self.axis, self.noise = channels, axis, noise

    def __call__(self, size: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Draw z of (1, channels, n_freq, n_frames), drawn on the CPU so that every device gets the same."""
        n_freq, n_frames = size
        drawn = (n_freq, 1) if self.axis == "time" else (1, n_frames)
        stripes = torch.randn(1, self.channels, *drawn, generator=generator)
        rest = torch.randn(1, self.channels, n_freq, n_frames, generator=generator)
        return (stripes + self.noise * rest) / math.hypot(1, self.noise)
