"""The exponential integral E1, which torch does not have."""

import torch
from torch import Tensor

_EULER = 0.5772156649015329
_TERMS = 20  # of the power series: the last is below 1e-19 at x = 1
_DEPTH = 40  # of the continued fraction: the relative error is 2e-10 at x = 1, and less above


def exponential_integral(x: Tensor) -> Tensor:
    r"""E1(x) = ∫_x^∞ e^{−t} / t dt, to nine digits: the power series below 1, a continued fraction from there on.

    Args:
        x: above 0, any shape; computed in float64.

    Reference: Abramowitz & Stegun, "Handbook of Mathematical Functions", 1964, 5.1.11 and (every other step of) 5.1.22.

    >>> exponential_integral(torch.tensor([0.1, 1.0, 5.0])).round(decimals=6).tolist()
    [1.822924, 0.219384, 0.001148]
    """
    x = x.double()
    small, large = x.clamp(max=1), x.clamp(min=1)
    series = -_EULER - small.log()
    term = torch.ones_like(small)
    for n in range(1, _TERMS + 1):
        term = -term * small / n
        series = series - term / n
    fraction = large + 2 * _DEPTH + 1
    for n in range(_DEPTH, 0, -1):
        fraction = large + 2 * n - 1 - n**2 / fraction
    return torch.where(x < 1, series, torch.exp(-large) / fraction)
