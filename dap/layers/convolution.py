"""The regular and the dilated convolution of the ICLR 2020 baselines."""

from torch import nn


class Conv2d(nn.Conv2d):
    """2-D convolution over (frequency, time) with the same size out and normally distributed weights.

    Args:
        in_channels, out_channels: numbers of feature maps.
        kernel_size: odd, one number for both axes, or bins and frames: [1, 21] sees along time alone.
        dilation: distances between the kernel's taps, in bins and in frames.
        init_std: of the normal distribution that every weight is drawn from; the bias starts at zero.
        bin_offset: taken and not used, as the harmonic operator has it: a neighbourhood is the same wherever bin 0 lies.

    Shape:
        (batch, in_channels, n_freq, n_frames) → (batch, out_channels, n_freq, n_frames)

    Raises:
        ValueError: an even kernel, a dilation below 1, or an init_std that is not positive.

    Reference: Zhang et al., ICLR 2020, Appendix A (7 × 7; 7 × 7 with dilation 3).

    >>> import torch
    >>> Conv2d(2, 35, dilation=(3, 3))(torch.zeros(1, 2, 64, 20)).shape
    torch.Size([1, 35, 64, 20])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int] = 7,
        dilation: tuple[int, int] = (1, 1),
        init_std: float = 0.02,
        bin_offset: float = 0.0,
    ) -> None:
        sizes = (kernel_size, kernel_size) if isinstance(kernel_size, int) else (kernel_size[0], kernel_size[1])
        if min(sizes) < 1 or not all(size % 2 for size in sizes):
            raise ValueError(f"kernel_size must be odd, got {kernel_size}")
        if min(dilation) < 1:
            raise ValueError(f"dilation must be at least 1, got {tuple(dilation)}")
        if init_std <= 0:
            raise ValueError(f"init_std must be above 0, got {init_std}")
        self.init_std = init_std
        padding = (dilation[0] * (sizes[0] // 2), dilation[1] * (sizes[1] // 2))
        super().__init__(in_channels, out_channels, sizes, padding=padding, dilation=(dilation[0], dilation[1]))

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, 0.0, self.init_std)
        if self.bias is not None:
            nn.init.zeros_(self.bias)
