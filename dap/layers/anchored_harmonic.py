r"""Harmonic convolution with one anchor and a full kernel, as Takeuchi et al. (2020) put it."""

from fractions import Fraction

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from dap.layers.harmonic_mix import harmonic_mix


class AnchoredHarmonicConv2d(nn.Module):
    r"""Convolution along time and along the series of which each bin is the n-th harmonic, for a single n.

    .. math:: Y[f, t] = \sum_\tau \sum_{k=1}^{K} W[k, \tau]\, X[k s f / n,\ s t + \tau]

    `HarmonicConv2d` sums over all anchors n up to N and factorises its kernel; here each layer has one anchor, the kernel is
    one matrix for every (k, τ), and a stride s keeps each s-th bin and frame. Bin f of the strided maps lies at bin s·f: bin 0
    stays at DC, so a layer below needs no correction of its grid.

    Args:
        in_channels, out_channels: numbers of feature maps.
        kernel_size: (K, frames); the frames are odd.
        anchor: n.
        stride: s, along frequency and time.
        bias: add a number to each output map; leave it out before a norm, which takes it away again.

    Shape:
        (batch, in_channels, n_freq, n_frames) → (batch, out_channels, ⌈n_freq / s⌉, ⌈n_frames / s⌉)

    Raises:
        ValueError: sizes, anchor or stride below 1, or an even number of frames.

    Reference: Takeuchi et al., "Harmonic Lowering for Accelerating Harmonic Convolution for Audio Signals", Interspeech 2020.

    >>> AnchoredHarmonicConv2d(2, 5, anchor=3, stride=2)(torch.zeros(1, 2, 64, 21)).shape
    torch.Size([1, 5, 32, 11])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, int] = (3, 3),
        anchor: int = 1,
        stride: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        n_harmonics, n_taps = kernel_size
        if min(in_channels, out_channels, n_harmonics, n_taps, anchor, stride) < 1:
            raise ValueError(
                "in_channels, out_channels, kernel_size, anchor and stride must be at least 1, "
                f"got {in_channels}, {out_channels}, {tuple(kernel_size)}, {anchor}, {stride}"
            )
        if n_taps % 2 == 0:
            raise ValueError(f"kernel_size must have an odd number of frames, got {n_taps}")
        self.stride, self.n_taps = stride, n_taps
        self.ratios = tuple(Fraction(k * stride, anchor) for k in range(1, n_harmonics + 1))
        bound = (in_channels * n_harmonics * n_taps) ** -0.5  # torch's own for a convolution
        self.weight = nn.Parameter(torch.empty(n_harmonics, out_channels, n_taps * in_channels).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out_channels, 1, 1).uniform_(-bound, bound)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        n_freq, n_frames = (-(-size // self.stride) for size in x.shape[-2:])
        x = F.pad(x, (self.n_taps // 2, self.n_taps // 2))
        reach = (n_frames - 1) * self.stride + 1
        taps = [x[..., tap : tap + reach : self.stride] for tap in range(self.n_taps)]
        mixed = harmonic_mix(torch.cat(taps, dim=1), self.weight, self.ratios)[:, :, :n_freq]  # (B, C_out, F / s, T / s)
        return mixed if self.bias is None else mixed + self.bias
