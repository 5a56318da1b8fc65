"""Linear interpolation between neighbours."""

from torch import Tensor, nn
import torch.nn.functional as F


class Linear(nn.Module):
    """Linear interpolation along time, or bilinear along frequency and time; half-pixel centres, constant ends.

    A constant stays constant. Its response falls off slowly, so the spectral images above the old Nyquist frequency are
    damped, not removed.

    Args:
        channels: of the maps; any.
        factor: one an axis.

    Shape:
        (batch, channels, *size) → (batch, channels, *(size · factor))

    >>> import torch
    >>> Linear(1, (2,))(torch.tensor([[[0.0, 4.0]]])).flatten().tolist()
    [0.0, 1.0, 3.0, 4.0]
    """

    def __init__(self, channels: int, factor: tuple[int, ...]) -> None:
        super().__init__()
        if len(factor) not in (1, 2) or min(factor) < 1:
            raise ValueError(f"factor must be one or two whole numbers, at least 1, got {tuple(factor)}")
        self.factor = tuple(factor)

    def forward(self, x: Tensor) -> Tensor:
        size = [length * factor for length, factor in zip(x.shape[2:], self.factor, strict=True)]
        mode = "linear" if len(self.factor) == 1 else "bilinear"
        upsampled: Tensor = F.interpolate(x, size=size, mode=mode, align_corners=False)
        return upsampled
