"""The Wave-U-Net that DNP fits to a noisy waveform (Michelashvili & Wolf, 2019)."""

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from dap.layers.upsample.interpolation import Interpolation
from dap.layers.upsample.upsampler import Upsampler
from dap.models.depth import check_depth


class WaveUNet(nn.Module):
    """1-D U-Net whose level i has i · width channels; it drops every other sample on the way down.

    A level down: convolution of 15 taps, and every second sample of it to the next level. At the bottom a convolution of 15
    taps. A level up: upsampling by two, concatenation with the skip, convolution of 5 taps. Each of these convolutions is
    followed by batch norm and LeakyReLU(0.1). The latent is concatenated to the last level, and a convolution of one tap
    with tanh puts out the samples: they lie in (−1, 1), so the target must too.

    Two differences from the source. Clips of any length are taken, by rounding odd lengths up on the way down and cutting
    them on the way up, where the source cuts the clip to a multiple of 64. The biases right before a batch norm are left
    out, as the norm takes them away again.

    Args:
        in_channels: channels of the latent; the source's has one.
        out_channels: of the sound.
        size: (n_samples,); this network takes any.
        upsampler: makes what undoes a decimation, from (channels, factor). The source's is linear.
        width: channels of the first level.
        n_levels: number of decimations.

    Shape:
        (batch, in_channels, n_samples) → (batch, out_channels, n_samples), any n_samples.

    Raises:
        ValueError: a number below 1.

    Reference: Michelashvili & Wolf, "Speech Denoising by Accumulating Per-Frequency Modeling Fluctuations", 2019; the
    layers are those of Stoller et al., "Wave-U-Net", ISMIR 2018.

    >>> WaveUNet(1, 1, (1001,), width=4)(torch.rand(1, 1, 1001)).shape
    torch.Size([1, 1, 1001])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, ...],
        upsampler: Upsampler = Interpolation,
        width: int = 60,
        n_levels: int = 6,
    ) -> None:
        super().__init__()
        if min(in_channels, out_channels, width, n_levels) < 1:
            raise ValueError(
                "in_channels, out_channels, width and n_levels must be at least 1, "
                f"got {in_channels}, {out_channels}, {width}, {n_levels}"
            )
        check_depth("n_levels", n_levels, 2, size)
        widths = [width * level for level in range(1, n_levels + 1)]
        self.down = nn.ModuleList(_convolution(n_in, n, 15) for n_in, n in zip([in_channels, *widths], widths, strict=False))
        self.bottom = _convolution(widths[-1], widths[-1], 15)
        self.upsample, self.up = nn.ModuleList(), nn.ModuleList()
        channels = widths[-1]
        for n in reversed(widths):
            self.upsample.append(upsampler(channels, (2,)))
            self.up.append(_convolution(channels + n, n, 5))
            channels = n
        self.output = nn.Conv1d(channels + in_channels, out_channels, 1)

    def forward(self, latent: Tensor) -> Tensor:
        n_samples = latent.shape[-1]
        shortest = 2 ** len(self.down) + 1  # two samples are left at the bottom for the batch norm
        latent = F.pad(latent, (0, max(shortest - n_samples, 0)))
        x, skips = latent, []
        for down in self.down:
            skips.append(down(x))
            x = skips[-1][..., ::2]  # (B, i · width, ⌈T / 2⌉)
        x = self.bottom(x)
        for upsample, up, skip in zip(self.upsample, self.up, reversed(skips), strict=True):
            x = up(torch.cat([upsample(x)[..., : skip.shape[-1]], skip], dim=1))
        output: Tensor = self.output(torch.cat([x, latent], dim=1)).tanh()
        return output[..., :n_samples]


def _convolution(n_in: int, n_out: int, kernel_size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(n_in, n_out, kernel_size, padding=kernel_size // 2, bias=False),
        nn.BatchNorm1d(n_out, track_running_stats=False),  # a prior has no other batches to keep statistics for
        nn.LeakyReLU(0.1, inplace=True),
    )
