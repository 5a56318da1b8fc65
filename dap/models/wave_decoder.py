"""Vinyard's raw-waveform decoder (2018): from a random vector to samples, by upsampling and gated convolutions."""

from collections.abc import Sequence
import math

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from dap.layers.upsample.interpolation import Interpolation
from dap.layers.upsample.upsampler import Upsampler


class WaveDecoder(nn.Module):
    """A gated linear layer to a few first maps, then stages of upsampling ×4 and gated convolutions of several lengths.

    The first maps have 8 to 31 samples, and there are as many stages as lead from there to the length asked for; what is too
    much at the end is cut off. 8192 samples are the source's: 8 samples, five stages. No norm and no bias in the
    convolutions. The last stage has one map a branch and channel of sound, and sums the branches: the estimate lies between
    −n and n for n branches, so an observation scaled to a peak of 1 is within reach.

    Args:
        in_channels: values of the latent.
        out_channels: channels of sound.
        size: (n_samples,).
        upsampler: makes what enlarges the maps ×4, from (channels, factor). It sets its own weights.
        filters: maps of each branch of a stage. The source's 128 make 24 million weights, too many for a CPU.
        first_maps: maps that the linear layer makes.
        kernel_sizes: in samples, one a branch.
        init_std: standard deviation of every weight and bias at the start.

    Shape:
        (batch, in_channels) → (batch, out_channels, n_samples)

    Raises:
        ValueError: a size that is not one number, no branches, or anything below 1; an init_std that is not positive.

    Reference: Vinyard, "Deep Audio Prior", 2018.

    >>> WaveDecoder(100, 1, (1001,), filters=4)(torch.rand(1, 100)).shape
    torch.Size([1, 1, 1001])
    """

    factor = 4
    first_length = 8

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, ...],
        upsampler: Upsampler = Interpolation,
        filters: int = 128,
        first_maps: int = 32,
        kernel_sizes: Sequence[int] = (4, 8, 16, 32),
        init_std: float = 0.02,
    ) -> None:
        super().__init__()
        if len(size) != 1:
            raise ValueError(f"this network puts out waveforms, of size (n_samples,), got {tuple(size)}")
        if not kernel_sizes or min(in_channels, out_channels, filters, first_maps, *kernel_sizes) < 1:
            raise ValueError(
                "in_channels, out_channels, filters, first_maps and one or more kernel_sizes must be at least 1, "
                f"got {in_channels}, {out_channels}, {filters}, {first_maps}, {list(kernel_sizes)}"
            )
        if init_std <= 0:
            raise ValueError(f"init_std must be above 0, got {init_std}")
        self.n_samples, self.first_maps = size[0], first_maps
        n_stages = 1
        while self.first_length * self.factor ** (n_stages + 1) <= self.n_samples:
            n_stages += 1
        first_length = math.ceil(self.n_samples / self.factor**n_stages)
        self.first = nn.Linear(in_channels, 2 * first_maps * first_length)
        self.upsample, self.stages = nn.ModuleList(), nn.ModuleList()
        channels = first_maps
        for stage in range(n_stages):
            n_out = out_channels if stage == n_stages - 1 else filters
            self.upsample.append(upsampler(channels, (self.factor,)))
            self.stages.append(GatedBranches(channels, n_out, kernel_sizes))
            channels = filters * len(kernel_sizes)
        for parameter in (*self.first.parameters(), *self.stages.parameters()):
            nn.init.normal_(parameter, 0.0, init_std)

    def forward(self, latent: Tensor) -> Tensor:
        value, gate = self.first(latent).chunk(2, dim=1)
        x = (torch.tanh(value) * torch.sigmoid(gate)).reshape(len(latent), self.first_maps, -1)  # (B, first_maps, 8 … 31)
        for upsample, stage in zip(self.upsample, self.stages, strict=True):
            branches = stage(upsample(x))  # (B, branches, filters, 4 · length)
            x = branches.flatten(1, 2)
        estimate: Tensor = branches.sum(1)
        return estimate[..., : self.n_samples]


class GatedBranches(nn.Module):
    """tanh(w ∗ x) · sigmoid(v ∗ x) for a pair of kernels of each length, as long as x, for even kernels too; no bias.

    Shape:
        (batch, in_channels, length) → (batch, branches, out_channels, length)

    >>> GatedBranches(2, 3, kernel_sizes=(4, 7))(torch.randn(1, 2, 10)).shape
    torch.Size([1, 2, 3, 10])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_sizes: Sequence[int]) -> None:
        super().__init__()
        self.kernel_sizes = tuple(kernel_sizes)
        self.convolutions = nn.ModuleList(nn.Conv1d(in_channels, 2 * out_channels, size, bias=False) for size in kernel_sizes)

    def forward(self, x: Tensor) -> Tensor:
        branches = []
        for size, convolution in zip(self.kernel_sizes, self.convolutions, strict=True):
            value, gate = convolution(F.pad(x, (size // 2, (size - 1) // 2))).chunk(2, dim=1)
            branches.append(torch.tanh(value) * torch.sigmoid(gate))
        return torch.stack(branches, dim=1)
