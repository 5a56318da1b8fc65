r"""Harmonic convolution (Zhang et al., ICLR 2020): a kernel over a bin's harmonic series instead of its neighbours."""

from fractions import Fraction

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from dap.layers.harmonic_mix import harmonic_mix, harmonic_ratios
from dap.layers.precision import map_layout


class HarmonicConv2d(nn.Module):
    r"""Convolution along time, and along the harmonic series that each bin belongs to.

    Equation 5 of the paper, with its factorised kernel K[k, τ] = K_f[k] · K_t[τ]:

    .. math:: Y[f, t] = \sum_\tau K_t[\tau] \sum_{n=1}^{N} w_n \sum_{k=1}^{K} K_f[k]\, X[k f / n,\ t - \tau]

    An *anchor* n reads the bin as the n-th harmonic of its series. K_f and K_t are matrices over channels.

    Args:
        in_channels, out_channels: numbers of feature maps.
        kernel_size: (K_f, K_t): harmonics, and frames (odd).
        n_anchors: N.
        anchoring: False leaves anchor 1 alone (Eq. 3), the paper's first ablation.
        mixing: False gives each output channel c one anchor, 1 + c mod N, instead of the sum weighted by w_n: its second.
        shared: one K_f for all anchors, as Eq. 5 is written; False gives each anchor its own (grouped form), N times the
            weights, and fits noise sooner.
        dilation: frames between the taps along time.
        init_std: of the normal distribution that every weight is drawn from; the biases start at zero.
        bin_offset: where bin 0 of this grid lies, in bins (see `harmonic_mix`): ½(1 − 2^−s) after s poolings by two.

    Shape:
        (batch, in_channels, n_freq, n_frames) → (batch, out_channels, n_freq, n_frames)

    Raises:
        ValueError: sizes below 1, an even number of frames, or an init_std that is not positive.

    Reference: Zhang et al., "Deep Audio Priors Emerge From Harmonic Convolutional Networks", ICLR 2020, Sec. 3.

    >>> layer = HarmonicConv2d(2, 35)
    >>> layer(torch.zeros(1, 2, 64, 20)).shape
    torch.Size([1, 35, 64, 20])
    """

    ratio_index: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, int] = (7, 7),
        n_anchors: int = 7,
        anchoring: bool = True,
        mixing: bool = True,
        shared: bool = True,
        dilation: int = 1,
        init_std: float = 0.02,
        bin_offset: float = 0.0,
    ) -> None:
        super().__init__()
        n_harmonics, n_taps = kernel_size
        if min(in_channels, out_channels, n_harmonics, n_taps, n_anchors, dilation) < 1:
            raise ValueError(
                "in_channels, out_channels, kernel_size, n_anchors and dilation must be at least 1, "
                f"got {in_channels}, {out_channels}, {tuple(kernel_size)}, {n_anchors}, {dilation}"
            )
        if init_std <= 0:
            raise ValueError(f"init_std must be above 0, got {init_std}")
        if n_taps % 2 == 0:
            raise ValueError(f"kernel_size must have an odd number of frames, got {n_taps}")
        self.n_anchors = n_anchors if anchoring else 1
        self.mixing, self.bin_offset, self.dilation = mixing, bin_offset, dilation
        self.ratios = harmonic_ratios(n_harmonics, self.n_anchors)
        n_kernels = 1 if shared else self.n_anchors
        self.frequency_weight = nn.Parameter(init_std * torch.randn(n_kernels, n_harmonics, out_channels, in_channels))
        self.anchor_weight = nn.Parameter(init_std * torch.randn(self.n_anchors)) if mixing and anchoring else None
        self.time_weight = nn.Parameter(init_std * torch.randn(out_channels, out_channels, 1, n_taps))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        positions = [[self.ratios.index(Fraction(k + 1, n + 1)) for k in range(n_harmonics)] for n in range(self.n_anchors)]
        self.register_buffer("ratio_index", torch.tensor(positions).flatten(), persistent=False)

    def ratio_weight(self) -> Tensor:
        """The kernels of all (n, k), those of equal k/n added: (ratios, out_channels, in_channels)."""
        kernels = self.frequency_weight.expand(self.n_anchors, -1, -1, -1)  # (N, K, C_out, C_in)
        if self.anchor_weight is not None:
            kernels = self.anchor_weight[:, None, None, None] * kernels
        elif not self.mixing:
            channels = torch.arange(kernels.shape[2], device=kernels.device)
            own = channels % self.n_anchors == torch.arange(self.n_anchors, device=kernels.device)[:, None]
            kernels = own[:, None, :, None] * kernels
        folded = kernels.new_zeros(len(self.ratios), *kernels.shape[2:])
        return folded.index_add(0, self.ratio_index, kernels.flatten(0, 1))  # (ratios, C_out, C_in)

    def forward(self, x: Tensor) -> Tensor:
        mixed = harmonic_mix(x, self.ratio_weight(), self.ratios, self.bin_offset)  # (B, C_out, F, T)
        layout = map_layout(mixed.device, torch.is_autocast_enabled(mixed.device.type))
        mixed = mixed.contiguous(memory_format=layout)
        padding = (0, self.dilation * (self.time_weight.shape[-1] // 2))
        return F.conv2d(mixed, self.time_weight, self.bias, padding=padding, dilation=(1, self.dilation))
