"""The skip network of the deep image prior (Ulyanov et al., 2018), on the maps of a spectrogram."""

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from dap.layers.upsample.interpolation import Interpolation
from dap.layers.upsample.upsampler import Upsampler
from dap.models.depth import check_depth


class SkipUNet(nn.Module):
    """Hourglass of equally wide scales; a narrow 1 × 1 convolution carries each scale's input across to its output.

    A scale: 3 × 3 with stride 2, then 3 × 3; the next scale, or nothing in the last; upsampling by two; concatenation with
    the skip; batch norm; 3 × 3; 1 × 1. Each of these convolutions is followed by batch norm and LeakyReLU(0.2), and the
    3 × 3 ones have reflection padding. A 1 × 1 convolution puts out the maps. Odd sizes are rounded up on the way down and
    cut on the way up, as the source does.

    Three differences from the source. Its sigmoid is left out: it is for images in [0, 1], and the parts of a spectrum have
    both signs. So are the biases right before a batch norm, which takes them away again. Maps that are too short to be
    reflected at the last scale are lengthened with zeros, and cut in the end.

    Args:
        in_channels: maps of the latent; the source's has 32.
        out_channels: maps of the estimate: two (real, imaginary) a channel of sound.
        size: (n_freq, n_frames); this network takes any.
        upsampler: makes what undoes a stride, from (channels, factor). The source's is bilinear.
        width: a quarter of the channels of every scale: 32 gives the source's 128.
        skip_channels: channels of every skip. Few of them let little of the latent's fine noise through to the output.
        n_scales: number of strides.

    Shape:
        (batch, in_channels, n_freq, n_frames) → (batch, out_channels, n_freq, n_frames), any n_freq and n_frames.

    Raises:
        ValueError: a number below 1.

    Reference: Ulyanov, Vedaldi, Lempitsky, "Deep Image Prior", CVPR 2018, and its supplement (denoising).

    >>> SkipUNet(32, 2, (33, 21), width=1)(torch.rand(1, 32, 33, 21)).shape
    torch.Size([1, 2, 33, 21])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, ...],
        upsampler: Upsampler = Interpolation,
        width: int = 32,
        skip_channels: int = 4,
        n_scales: int = 5,
    ) -> None:
        super().__init__()
        if min(in_channels, out_channels, width, skip_channels, n_scales) < 1:
            raise ValueError(
                "in_channels, out_channels, width, skip_channels and n_scales must be at least 1, "
                f"got {in_channels}, {out_channels}, {width}, {skip_channels}, {n_scales}"
            )
        check_depth("n_scales", n_scales, 2, size)
        channels, joined = 4 * width, 4 * width + skip_channels
        self.down, self.skip, self.upsample, self.up = (nn.ModuleList() for _ in range(4))
        for scale in range(n_scales):
            n_in = channels if scale else in_channels
            self.skip.append(_convolution(n_in, skip_channels, 1))
            self.down.append(nn.Sequential(_convolution(n_in, channels, 3, stride=2), _convolution(channels, channels, 3)))
            self.upsample.append(upsampler(channels, (2, 2)))
            self.up.append(nn.Sequential(_norm(joined), _convolution(joined, channels, 3), _convolution(channels, channels, 1)))
        self.output = nn.Conv2d(channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        n_freq, n_frames = x.shape[-2:]
        shortest = 2 ** len(self.down) + 1  # two bins or frames are left at the last scale
        x = F.pad(x, (0, max(shortest - n_frames, 0), 0, max(shortest - n_freq, 0)))
        skips = []
        for skip, down in zip(self.skip, self.down, strict=True):
            skips.append(skip(x))
            x = down(x)  # (B, channels, ⌈F / 2⌉, ⌈T / 2⌉)
        for skipped, upsample, up in zip(reversed(skips), reversed(self.upsample), reversed(self.up), strict=True):
            x = upsample(x)[..., : skipped.shape[-2], : skipped.shape[-1]]
            x = up(torch.cat([skipped, x], dim=1))
        output: Tensor = self.output(x)
        return output[..., :n_freq, :n_frames]


def _convolution(n_in: int, n_out: int, kernel_size: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(n_in, n_out, kernel_size, stride, kernel_size // 2, padding_mode="reflect", bias=False)
    return nn.Sequential(convolution, _norm(n_out), nn.LeakyReLU(0.2, inplace=True))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, track_running_stats=False)  # a prior has no other batches to keep statistics for
