"""The MultiResUNet of Miotello et al. (2023), with harmonic convolutions on the way down."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from dap.layers.anchored_harmonic import AnchoredHarmonicConv2d
from dap.layers.instance_norm import InstanceNorm2d
from dap.layers.upsample.interpolation import Interpolation
from dap.layers.upsample.upsampler import Upsampler
from dap.models.depth import check_depth

SLOPE = 0.2  # of every LeakyReLU


def normed(convolution: nn.Module, channels: int, norm_eps: float) -> nn.Sequential:
    """The convolution (without bias), a norm over the one item that a prior fits, and LeakyReLU."""
    return nn.Sequential(convolution, InstanceNorm2d(channels, norm_eps, affine=True), nn.LeakyReLU(SLOPE, inplace=True))


class MultiResBlock(nn.Module):
    """Three chained convolutions whose outputs are all kept, side by side, and a 1 × 1 shortcut around them.

    Args:
        in_channels: maps of the input.
        width: the three put out a sixth, a third and a half of it (whole parts, at least 1).
        convolutions: three makers of a convolution, each from (in_channels, out_channels).
        norm_eps: of the norms.

    Shape:
        (batch, in_channels, n_freq, n_frames) → (batch, out_channels, n_freq, n_frames)
    """

    def __init__(
        self, in_channels: int, width: int, convolutions: list[Callable[[int, int], nn.Module]], norm_eps: float
    ) -> None:
        super().__init__()
        widths = [max(1, width // part) for part in (6, 3, 2)]
        self.out_channels = sum(widths)
        self.chain = nn.ModuleList()
        n_in = in_channels
        for make, n_out in zip(convolutions, widths, strict=True):
            self.chain.append(normed(make(n_in, n_out), n_out, norm_eps))
            n_in = n_out
        self.shortcut = normed(nn.Conv2d(in_channels, self.out_channels, 1, bias=False), self.out_channels, norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        outputs = [x]
        for layer in self.chain:
            outputs.append(layer(outputs[-1]))
        return F.leaky_relu(torch.cat(outputs[1:], dim=1) + self.shortcut(x), SLOPE)


class ResidualPath(nn.Module):
    """What a skip passes through: a harmonic convolution beside a 1 × 1, added; LeakyReLU; norm."""

    def __init__(self, in_channels: int, out_channels: int, norm_eps: float) -> None:
        super().__init__()
        harmonic = AnchoredHarmonicConv2d(in_channels, out_channels, anchor=2, bias=False)
        self.harmonic = normed(harmonic, out_channels, norm_eps)
        self.pointwise = normed(nn.Conv2d(in_channels, out_channels, 1, bias=False), out_channels, norm_eps)
        self.norm = InstanceNorm2d(out_channels, norm_eps, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(F.leaky_relu(self.harmonic(x) + self.pointwise(x), SLOPE))
        return y


class MultiResHarmonic(nn.Module):
    """U-Net of multi-resolution blocks: harmonic convolutions on the way down and in the skips, plain 3 × 3 on the way up.

    The paper's has five scales of 128 channels. From one scale to the next a harmonic convolution of anchor 1 and stride 2;
    the same channels everywhere, so that a block of 128 has 21 + 42 + 64 = 127. In each block on the way down the three
    chained harmonic convolutions have the anchors 2, 3 and 4, each three harmonics and three frames. A skip passes through
    its own convolutions. On the way up, upsampling (the paper's is nearest) and concatenation of the skip. 1 × 1 output.

    Where the paper leaves something open, this is as in the authors' code: the skips' channels and anchor 2, LeakyReLU of
    slope 0.2, a batch norm (for a batch of one: an instance norm) with affine weights after each convolution but the strided
    ones, torch's initial weights. Biases that a norm takes away again are left out.

    Args:
        in_channels: maps of the latent.
        out_channels: maps of the estimate: two (real, imaginary) a channel of sound.
        size: (n_freq, n_frames); this network takes any.
        upsampler: makes what undoes a stride, from (channels, factor).
        width: of each block, and channels of each skip.
        n_scales: blocks on the way down.
        anchors: of the three convolutions of each block on the way down.
        norm_eps: of the norms.

    Shape:
        (batch, in_channels, n_freq, n_frames) → (batch, out_channels, n_freq, n_frames), any n_freq and n_frames.

    Raises:
        ValueError: sizes or anchors below 1; maps of which the last scale keeps one bin of one frame, which no norm can take.

    Reference: Miotello et al., "Deep Prior-Based Audio Inpainting Using Multi-Resolution Harmonic Convolutional Neural
    Networks", IEEE/ACM TASLP 2023; the blocks: Ibtehaz and Rahman, "MultiResUNet", 2020.

    >>> network = MultiResHarmonic(2, 2, (33, 21), width=6, n_scales=3)
    >>> network(torch.randn(1, 2, 33, 21)).shape
    torch.Size([1, 2, 33, 21])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, ...],
        upsampler: Upsampler = Interpolation,
        width: int = 128,
        n_scales: int = 5,
        anchors: tuple[int, int, int] = (2, 3, 4),
        norm_eps: float = 1e-5,
    ) -> None:
        super().__init__()
        if min(in_channels, out_channels, width, n_scales, *anchors) < 1:
            raise ValueError(
                "in_channels, out_channels, width, n_scales and anchors must be at least 1, "
                f"got {in_channels}, {out_channels}, {width}, {n_scales}, {list(anchors)}"
            )
        check_depth("n_scales", n_scales, 2, size)

        def harmonic(anchor: int) -> Callable[[int, int], nn.Module]:
            return lambda n_in, n_out: AnchoredHarmonicConv2d(n_in, n_out, anchor=anchor, bias=False)

        def plain(n_in: int, n_out: int) -> nn.Module:
            return nn.Conv2d(n_in, n_out, kernel_size=3, padding=1, bias=False)

        self.multiple = 2 ** (n_scales - 1)
        self.down, self.stride, self.skip = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        self.up, self.upsample = nn.ModuleList(), nn.ModuleList()
        channels = in_channels
        for scale in range(n_scales):
            if scale:
                strided = AnchoredHarmonicConv2d(channels, channels, stride=2)
                self.stride.append(nn.Sequential(strided, nn.LeakyReLU(SLOPE, inplace=True)))
                self.skip.append(ResidualPath(channels, width, norm_eps))
                self.upsample.append(upsampler(channels, (2, 2)))
                self.up.append(MultiResBlock(channels + width, width, [plain] * 3, norm_eps))
            block = MultiResBlock(channels, width, [harmonic(anchor) for anchor in anchors], norm_eps)
            self.down.append(block)
            channels = block.out_channels
        self.output = nn.Conv2d(channels, out_channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        n_freq, n_frames = x.shape[-2:]
        x = F.pad(x, (0, -n_frames % self.multiple, 0, -n_freq % self.multiple))  # to whole strided bins and frames
        x = self.down[0](x)
        skips = []
        for stride, skip, block in zip(self.stride, self.skip, self.down[1:], strict=True):
            skips.append(skip(x))
            x = block(stride(x))  # (B, C, F / 2^scale, T / 2^scale)
        for upsample, block in zip(self.upsample, self.up, strict=True):  # all alike; from the deepest scale up
            x = block(torch.cat([upsample(x), skips.pop()], dim=1))
        output: Tensor = self.output(x)
        return output[..., :n_freq, :n_frames]
