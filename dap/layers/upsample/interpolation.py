"""Interpolation between neighbours, without weights."""

from torch import Tensor, nn
import torch.nn.functional as F

MODES = {"linear": ("linear", "bilinear"), "nearest": ("nearest", "nearest")}  # torch's names, of one axis and of two


class Interpolation(nn.Module):
    """Linear along time, or bilinear along frequency and time (half-pixel centres, constant ends); or each value repeated.

    A constant stays constant. Of the spectral images above the old Nyquist frequency neither removes all: the response of
    "linear" falls off slowly; that of "nearest", a box filter, leaves the image of a tone at 0.8 of that frequency only 3 dB
    below the tone, so there is energy at high frequencies from the start.

    Args:
        channels: of the maps; any.
        factor: one an axis.
        mode: "linear" or "nearest".

    Shape:
        (batch, channels, *size) → (batch, channels, *(size · factor))

    Raises:
        ValueError: not one or two factors, a factor below 1, or an unknown mode.

    >>> import torch
    >>> [Interpolation(1, (2,), mode)(torch.tensor([[[0.0, 4.0]]])).flatten().tolist() for mode in MODES]
    [[0.0, 1.0, 3.0, 4.0], [0.0, 0.0, 4.0, 4.0]]
    """

    def __init__(self, channels: int, factor: tuple[int, ...], mode: str = "linear") -> None:
        super().__init__()
        if len(factor) not in (1, 2) or min(factor) < 1:
            raise ValueError(f"factor must be one or two whole numbers, at least 1, got {tuple(factor)}")
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
        self.factor, self.mode = tuple(factor), MODES[mode][len(factor) - 1]

    def forward(self, x: Tensor) -> Tensor:
        size = [length * factor for length, factor in zip(x.shape[2:], self.factor, strict=True)]
        ends = None if self.mode == "nearest" else False  # which torch takes for linear modes alone
        upsampled: Tensor = F.interpolate(x, size=size, mode=self.mode, align_corners=ends)
        return upsampled
