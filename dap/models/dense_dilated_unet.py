"""The U-Net of Narayanaswamy et al. (2021): small kernels, dilations that grow and shrink again, dense connections."""

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from dap.layers.instance_norm import InstanceNorm2d
from dap.layers.upsample.interpolation import Interpolation
from dap.layers.upsample.upsampler import Upsampler


class DenseBlock(nn.Module):
    """3 × 3 convolutions, each of which reads the block's input and what all the convolutions before it put out.

    Args:
        in_channels: maps of the input.
        growth: maps that each convolution adds.
        dilations: of the convolutions, along frequency and time.
        norm_eps: of an instance norm between convolution and ReLU; None leaves the norm out.

    Shape:
        (batch, in_channels, n_freq, n_frames) → (batch, in_channels + growth · len(dilations), n_freq, n_frames)

    >>> DenseBlock(3, 5, (1, 2))(torch.randn(1, 3, 8, 8)).shape
    torch.Size([1, 13, 8, 8])
    """

    def __init__(self, in_channels: int, growth: int, dilations: tuple[int, ...], norm_eps: float | None = None) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        self.out_channels = in_channels
        for dilation in dilations:
            layer: list[nn.Module] = [nn.Conv2d(self.out_channels, growth, 3, padding=dilation, dilation=dilation)]
            if norm_eps is not None:
                layer.append(InstanceNorm2d(growth, norm_eps))
            self.layers.append(nn.Sequential(*layer, nn.ReLU(inplace=True)))
            self.out_channels += growth

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.cat([layer(x), x], dim=1)
        return x


class DenseDilatedUNet(nn.Module):
    """U-Net of dense blocks of two dilated 3 × 3 convolutions; a 1 × 1 convolution after each narrows it.

    The paper's has three levels of 35, 70 and 140 channels. Max-pooling by two on the way down; on the way up an upsampler
    and a 3 × 3 convolution, then the concatenation of the skip, which is the whole dense output of that level. Instance
    norm (without weights of its own) on the way down only, ReLU everywhere, torch's initial weights, 1 × 1 output.

    What the paper leaves open is as in the authors' code: zero padding, bilinear upsampling, where the norms are. The
    dilation of 2 that they list last belongs to the 1 × 1 output, where a dilation is without effect.

    Args:
        in_channels: maps of the latent.
        out_channels: maps of the estimate: two (real, imaginary) a channel of sound.
        size: (n_freq, n_frames); this network takes any.
        upsampler: makes what undoes a pooling, from (channels, factor).
        width: channels of the first level; each further level has twice as many.
        dilations: of the two convolutions of each block: the levels on the way down, then those on the way up. The paper's
            "constant" schedule is 4 everywhere.
        norm_eps: of the instance norm.

    Shape:
        (batch, in_channels, n_freq, n_frames) → (batch, out_channels, n_freq, n_frames), any n_freq and n_frames.

    Raises:
        ValueError: sizes or dilations below 1, or an even number of blocks.

    Reference: Narayanaswamy, Thiagarajan, Spanias, "On the Design of Deep Priors for Unsupervised Audio Restoration",
    Interspeech 2021.

    >>> network = DenseDilatedUNet(2, 2, (33, 21), width=4)
    >>> network(torch.randn(1, 2, 33, 21)).shape
    torch.Size([1, 2, 33, 21])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, ...],
        upsampler: Upsampler = Interpolation,
        width: int = 35,
        dilations: tuple[tuple[int, int], ...] = ((1, 2), (4, 8), (16, 32), (32, 16), (8, 4)),
        norm_eps: float = 1e-5,
    ) -> None:
        super().__init__()
        if min(in_channels, out_channels, width) < 1:
            raise ValueError(
                f"in_channels, out_channels and width must be at least 1, got {in_channels}, {out_channels}, {width}"
            )
        if len(dilations) % 2 == 0 or min(dilation for pair in dilations for dilation in pair) < 1:
            raise ValueError(f"dilations must be an odd number of pairs, each at least 1, got {dilations}")
        self.depth = len(dilations) // 2
        self.down, self.down_narrow = nn.ModuleList(), nn.ModuleList()
        channels, skips = in_channels, []
        for level in range(self.depth + 1):
            block = DenseBlock(channels, width * 2**level, tuple(dilations[level]), norm_eps)
            channels = width * 2**level
            self.down.append(block)
            self.down_narrow.append(nn.Conv2d(block.out_channels, channels, kernel_size=1))
            skips.append(block.out_channels)
        self.upsample, self.up, self.up_narrow = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for level in reversed(range(self.depth)):
            narrower = width * 2**level
            convolution = nn.Conv2d(channels, narrower, kernel_size=3, padding=1)
            self.upsample.append(nn.Sequential(upsampler(channels, (2, 2)), convolution))
            block = DenseBlock(narrower + skips[level], narrower, tuple(dilations[2 * self.depth - level]))
            channels = narrower
            self.up.append(block)
            self.up_narrow.append(nn.Conv2d(block.out_channels, channels, kernel_size=1))
        self.output = nn.Conv2d(channels, out_channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        n_freq, n_frames = x.shape[-2:]
        multiple = 2**self.depth
        x = F.pad(x, (0, -n_frames % multiple, 0, -n_freq % multiple))  # to whole pooled bins and frames
        skips = []
        for level, (block, narrow) in enumerate(zip(self.down, self.down_narrow, strict=True)):
            dense = block(F.max_pool2d(x, 2) if level else x)
            skips.append(dense)
            x = narrow(dense)  # (B, width · 2^level, F / 2^level, T / 2^level)
        for upsample, block, narrow, skip in zip(self.upsample, self.up, self.up_narrow, reversed(skips[:-1]), strict=True):
            x = narrow(block(torch.cat([upsample(x), skip], dim=1)))
        output: Tensor = self.output(x)
        return output[..., :n_freq, :n_frames]
