"""Learned upsampling: a convolution to several maps, which are interleaved."""

import math

from torch import Tensor, nn


class Subpixel(nn.Module):
    """Convolution to channels · Π factor maps, then each group of Π factor maps woven into one larger map; no bias.

    At the start all the maps of a group have the same weights (ICNR): the output is that of the convolution with every value
    repeated, without the random pattern of period ``factor`` that other weights would put there. The weights come from
    N(0, 1 / fan-in), which keeps the level of uncorrelated maps. A constant does not stay the same constant: the weights are
    learned, and mix the channels.

    Args:
        channels: of the maps.
        factor: one an axis.
        kernel_size: of the convolution, odd; with 1 each value becomes a block of its own.

    Shape:
        (batch, channels, *size) → (batch, channels, *(size · factor))

    Raises:
        ValueError: not one or two factors, a factor below 1, an even kernel.

    Reference: Shi et al., "Real-Time Single Image and Video Super-Resolution", CVPR 2016; Aitken et al.,
    "Checkerboard artifact free sub-pixel convolution", 2017 (ICNR).

    >>> import torch
    >>> y = Subpixel(3, (2,))(torch.randn(1, 3, 5))
    >>> bool((y[..., ::2] == y[..., 1::2]).all())
    True
    """

    def __init__(self, channels: int, factor: tuple[int, ...], kernel_size: int = 1) -> None:
        super().__init__()
        if len(factor) not in (1, 2) or min(factor) < 1:
            raise ValueError(f"factor must be one or two whole numbers, at least 1, got {tuple(factor)}")
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, got {kernel_size}")
        self.factor = tuple(factor)
        group = math.prod(self.factor)
        make = nn.Conv1d if len(self.factor) == 1 else nn.Conv2d
        self.convolution = make(channels, channels * group, kernel_size, padding=kernel_size // 2, bias=False)
        weight = self.convolution.weight.data[::group]  # (channels, channels, ...)
        nn.init.normal_(weight, 0.0, weight[0].numel() ** -0.5)
        self.convolution.weight.data = weight.repeat_interleave(group, dim=0)

    def forward(self, x: Tensor) -> Tensor:
        n_items, channels, *size = x.shape
        n_axes = len(size)
        maps = self.convolution(x).reshape(n_items, channels, *self.factor, *size)
        order = [axis for pair in zip(range(2 + n_axes, 2 + 2 * n_axes), range(2, 2 + n_axes), strict=True) for axis in pair]
        woven: Tensor = maps.permute(0, 1, *order)  # (B, C, size, factor, size, factor)
        return woven.reshape(n_items, channels, *(length * factor for length, factor in zip(size, self.factor, strict=True)))
