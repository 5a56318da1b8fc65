"""The spectrogram U-Net of Zhang et al. (ICLR 2020), whose operator is regular, dilated or harmonic convolution."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from dap.layers.convolution import Conv2d
from dap.layers.instance_norm import InstanceNorm2d
from dap.layers.upsample.interpolation import Interpolation
from dap.layers.upsample.upsampler import Upsampler
from dap.models.depth import check_depth

Operator = Callable[..., nn.Module]  # from (in_channels, out_channels, bin_offset=…)


class SpectrogramUNet(nn.Module):
    """U-Net of blocks of two operators, each followed by instance norm and ReLU, and a 1 × 1 output.

    With depth 2 and width 35 the paper's network: [in→in, in→35], [35→35, 35→70], [70→70, 70→70], [140→140, 140→35],
    [70→70, 70→35], 1 × 1. Average pooling by two after the first ``depth`` blocks; upsampling (the paper's is bilinear) and
    concatenation of the skip before the last ``depth``.

    Args:
        in_channels: maps of the latent.
        out_channels: maps of the estimate: two (real, imaginary) a channel of sound.
        size: (n_freq, n_frames); this network takes any.
        operator: makes the operator from (in_channels, out_channels, bin_offset=…).
        upsampler: makes what undoes a pooling, from (channels, factor).
        width: channels of the first block's output.
        depth: number of poolings.
        pool: factors along (frequency, time).
        grid_correction: tell the operator that pooled bin 0 lies between bins 0 and 1 (see `harmonic_mix`).
        norm_eps: of the instance norm.
        init_std: of the output layer's weights, drawn from a normal distribution.

    Shape:
        (batch, in_channels, n_freq, n_frames) → (batch, out_channels, n_freq, n_frames), any n_freq and n_frames.

    Reference: Zhang et al., "Deep Audio Priors Emerge From Harmonic Convolutional Networks", ICLR 2020, Appendix A.

    >>> from dap.layers.convolution import Conv2d
    >>> network = SpectrogramUNet(2, 2, (33, 21), operator=Conv2d, width=4)
    >>> network(torch.randn(1, 2, 33, 21)).shape
    torch.Size([1, 2, 33, 21])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, ...],
        operator: Operator,
        upsampler: Upsampler = Interpolation,
        width: int = 35,
        depth: int = 2,
        pool: tuple[int, int] = (2, 2),
        grid_correction: bool = False,
        norm_eps: float = 1e-5,
        init_std: float = 0.02,
    ) -> None:
        super().__init__()
        if min(in_channels, out_channels, width, *pool) < 1 or depth < 0:
            raise ValueError(
                "in_channels, out_channels, width and pool must be at least 1 and depth at least 0, "
                f"got {in_channels}, {out_channels}, {width}, {tuple(pool)}, {depth}"
            )
        check_depth("depth", depth, min(pool), size)
        self.pool = tuple(pool)

        def block(n_in: int, n_middle: int, n_out: int, level: int) -> nn.Sequential:
            offset = 0.5 * (1 - self.pool[0] ** -float(level)) if grid_correction else 0.0
            return nn.Sequential(
                operator(n_in, n_middle, bin_offset=offset),
                InstanceNorm2d(n_middle, norm_eps, affine=True),
                nn.ReLU(inplace=True),
                operator(n_middle, n_out, bin_offset=offset),
                InstanceNorm2d(n_out, norm_eps, affine=True),
                nn.ReLU(inplace=True),
            )

        widths = [width * 2**level for level in range(depth)]
        self.down = nn.ModuleList()
        channels = in_channels
        for level, n_out in enumerate(widths):
            self.down.append(block(channels, channels, n_out, level))
            channels = n_out
        self.bottom = block(channels, channels, channels if depth else width, depth)
        channels = channels if depth else width
        self.up, self.upsample = nn.ModuleList(), nn.ModuleList()
        for level in reversed(range(depth)):
            self.upsample.append(upsampler(channels, self.pool))
            n_in = channels + widths[level]
            channels = widths[max(level - 1, 0)]
            self.up.append(block(n_in, n_in, channels, level))
        self.output = Conv2d(channels, out_channels, kernel_size=1, init_std=init_std)

    def forward(self, x: Tensor) -> Tensor:
        n_freq, n_frames = x.shape[-2:]
        multiples = [factor ** len(self.down) for factor in self.pool]
        x = F.pad(x, (0, -n_frames % multiples[1], 0, -n_freq % multiples[0]))  # to whole pooled bins and frames
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = F.avg_pool2d(x, self.pool)
        x = self.bottom(x)
        for upsample, block, skip in zip(self.upsample, self.up, reversed(skips), strict=True):
            x = block(torch.cat([upsample(x), skip], dim=1))
        output: Tensor = self.output(x)
        return output[..., :n_freq, :n_frames]
