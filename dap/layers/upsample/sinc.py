r"""Band-limited interpolation by a windowed sinc."""

import math

import torch
from torch import Tensor, nn
import torch.nn.functional as F


class Sinc(nn.Module):
    r"""Each output value is a sum over neighbours, weighted by sinc(ρt) cos²(πt / 2z), t the distance in input values.

    ρ is ``rolloff`` and z is ``zeros``; beyond |t| = z the weights are zero. Each of the ``factor`` sets of weights sums to 1:
    the gain at 0 is 1, and a constant stays constant. With the default settings a tone up to 0.8 of the old Nyquist frequency
    comes out with an error, images included, of less than −60 dB. Half-pixel centres, as those of `Interpolation`; beyond the
    ends the last value goes on. Along frequency it does the same: a frame is finite in time, so its spectrum is
    "band-limited" along frequency, and the window keeps the ringing within z bins.

    Args:
        channels: of the maps; any.
        factor: one an axis.
        zeros: crossings of the sinc on each side; the more, the sharper the cut and the longer the ringing.
        rolloff: the cut-off, as a part of the old Nyquist frequency.

    Shape:
        (batch, channels, *size) → (batch, channels, *(size · factor))

    Raises:
        ValueError: not one or two factors, a factor or zeros below 1, a rolloff outside 0 … 1.

    Reference: Smith, "Digital Audio Resampling"; window and settings as in Défossez's julius.

    >>> bool((Sinc(1, (2, 3))(torch.ones(1, 1, 5, 5)) - 1).abs().max() < 1e-6)
    True
    """

    def __init__(self, channels: int, factor: tuple[int, ...], zeros: int = 24, rolloff: float = 0.945) -> None:
        super().__init__()
        if len(factor) not in (1, 2) or min(factor) < 1:
            raise ValueError(f"factor must be one or two whole numbers, at least 1, got {tuple(factor)}")
        if zeros < 1:
            raise ValueError(f"zeros must be at least 1, got {zeros}")
        if not 0 < rolloff <= 1:
            raise ValueError(f"rolloff must be above 0 and at most 1, got {rolloff}")
        self.factor, self.zeros = tuple(factor), zeros
        for axis, length in enumerate(self.factor):
            self.register_buffer(f"kernel_{axis}", _kernel(length, zeros, rolloff), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        for axis, factor in enumerate(self.factor):
            if factor > 1:
                x = self._upsample_last(x.transpose(axis + 2, -1), self.get_buffer(f"kernel_{axis}")).transpose(axis + 2, -1)
        return x

    def _upsample_last(self, x: Tensor, kernel: Tensor) -> Tensor:
        rows = F.pad(x.reshape(-1, 1, x.shape[-1]), (self.zeros, self.zeros), mode="replicate")
        phases = F.conv1d(rows, kernel)  # (rows, factor, length)
        return phases.transpose(1, 2).reshape(*x.shape[:-1], -1)


def _kernel(factor: int, zeros: int, rolloff: float) -> Tensor:
    """The weights of 2 · zeros + 1 neighbours for each of the places between two inputs: (factor, 1, 2 · zeros + 1)."""
    places = (torch.arange(factor, dtype=torch.float64) + 0.5) / factor - 0.5
    distances = (torch.arange(-zeros, zeros + 1) - places[:, None]).clamp(-zeros, zeros)
    weights = torch.sinc(rolloff * distances) * torch.cos(math.pi * distances / (2 * zeros)).square()
    return (weights / weights.sum(1, keepdim=True)).float()[:, None]
