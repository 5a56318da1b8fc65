"""Learned upsampling: a transposed convolution."""

from typing import Any

from torch import Tensor, nn


class Transposed(nn.Module):
    """Transposed convolution with stride = factor and kernel = overlap · factor; normally distributed parameters.

    With overlap 1 (Vinyard) each value becomes a block of its own, seen by no neighbour; with overlap 2 (DCGAN: kernel 4,
    stride 2, padding 1) each output value depends on two input values an axis. A constant does not stay constant: the
    weights are learned, and before that the output repeats a random pattern with the period ``factor``.

    Args:
        channels: of the maps.
        factor: one an axis. An axis of factor 1 gets a kernel of 1.
        overlap: input values an axis that an output value depends on.
        bias: add a learned constant to each map. It is as random as the weights, and makes quiet maps louder.
        init_std: standard deviation of the weights, and of the bias, at the start.

    Shape:
        (batch, channels, *size) → (batch, channels, *(size · factor))

    Raises:
        ValueError: not one or two factors, a factor or overlap below 1, an init_std that is not positive.

    Reference: Vinyard, "Deep Audio Prior", 2018 (overlap 1, bias, all from N(0, 0.02)); Radford et al.,
    "Unsupervised Representation Learning with DCGANs", ICLR 2016 (overlap 2, no bias, N(0, 0.02)).

    >>> import torch
    >>> Transposed(3, (2, 4), overlap=2)(torch.randn(1, 3, 5, 7)).shape
    torch.Size([1, 3, 10, 28])
    """

    def __init__(
        self, channels: int, factor: tuple[int, ...], overlap: int = 1, bias: bool = True, init_std: float = 0.02
    ) -> None:
        super().__init__()
        if len(factor) not in (1, 2) or min(factor) < 1:
            raise ValueError(f"factor must be one or two whole numbers, at least 1, got {tuple(factor)}")
        if overlap < 1:
            raise ValueError(f"overlap must be at least 1, got {overlap}")
        if init_std <= 0:
            raise ValueError(f"init_std must be above 0, got {init_std}")
        kernel = [overlap * stride if stride > 1 else 1 for stride in factor]
        excess = [length - stride for length, stride in zip(kernel, factor, strict=True)]  # to trim off, both ends together
        make: type[nn.ConvTranspose1d] | type[nn.ConvTranspose2d]
        make = nn.ConvTranspose1d if len(factor) == 1 else nn.ConvTranspose2d
        settings: dict[str, Any] = {
            "kernel_size": tuple(kernel),
            "stride": tuple(factor),
            "padding": tuple((samples + 1) // 2 for samples in excess),
            "output_padding": tuple(samples % 2 for samples in excess),
        }
        self.convolution = make(channels, channels, bias=bias, **settings)
        for parameter in self.convolution.parameters():
            nn.init.normal_(parameter, 0.0, init_std)

    def forward(self, x: Tensor) -> Tensor:
        upsampled: Tensor = self.convolution(x)
        return upsampled
