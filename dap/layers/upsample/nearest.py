"""Repetition of every value."""

from torch import Tensor, nn


class Nearest(nn.Module):
    """Each value repeated ``factor`` times, along each axis.

    A constant stays constant. It is a box filter: the image of a tone at 0.8 of the old Nyquist frequency is only 3 dB
    below the tone, so there is energy at high frequencies from the start.

    Args:
        channels: of the maps; any.
        factor: one an axis.

    Shape:
        (batch, channels, *size) → (batch, channels, *(size · factor))

    Raises:
        ValueError: not one or two factors, or a factor below 1.

    >>> import torch
    >>> Nearest(1, (2,))(torch.tensor([[[0.0, 4.0]]])).flatten().tolist()
    [0.0, 0.0, 4.0, 4.0]
    """

    def __init__(self, channels: int, factor: tuple[int, ...]) -> None:
        super().__init__()
        if len(factor) not in (1, 2) or min(factor) < 1:
            raise ValueError(f"factor must be one or two whole numbers, at least 1, got {tuple(factor)}")
        self.factor = tuple(factor)

    def forward(self, x: Tensor) -> Tensor:
        for axis, factor in enumerate(self.factor, start=2):
            x = x.repeat_interleave(factor, dim=axis)
        return x
