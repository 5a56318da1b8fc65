"""Linear prediction within bounds: of all sounds that fit a clipped recording, the one of the least prediction error."""

import torch
from torch import Tensor
import torch.nn.functional as F

from dap.dsp.autoregression import autocorrelation

_RIDGE = 1e-9  # of the power, as white noise: the equations of a few tones are singular
_FLOOR = 1e-12  # of the matrix's diagonal: rounding


def predictors(frames: Tensor, order: int) -> Tensor:
    """The coefficients of each frame's autoregressive model, by the autocorrelation method: stable models, made together.

    Args:
        frames: (n, time), float64, windowed; a silent one's model is 1, 0, 0, …
        order: p, at least 1.

    Returns:
        (n, order + 1), the first of each 1.

    Reference: Makhoul, "Linear prediction: a tutorial review", Proc. IEEE 63(4), 1975.

    >>> frame = 0.5 ** torch.arange(40, dtype=torch.float64)
    >>> predictors(frame[None], 2)[0, :2].round(decimals=4).tolist()                # each sample is half the one before
    [1.0, -0.5]
    """
    correlation = autocorrelation(frames, order + 1)
    correlation = correlation / correlation[:, :1].clamp(min=torch.finfo(frames.dtype).tiny)
    correlation[:, 0] = 1 + _RIDGE
    place = torch.arange(order, device=frames.device)
    matrix = correlation[:, (place[:, None] - place).abs()]
    solved = torch.cholesky_solve(-correlation[:, 1:, None], torch.linalg.cholesky(matrix))
    return F.pad(solved[..., 0], (1, 0), value=1.0)


def predict_within(waveform: Tensor, lower: Tensor, upper: Tensor, coefficients: Tensor, rounds: int = 8) -> Tensor:
    r"""The sound within bounds of the least prediction error Σ_n (Σ_k a[k] x[n − k])², exactly, by an active set.

    Each round solves for the samples that are free, holds those that fell short of their level at it, and frees those held that
    the error pulls beyond it; where neither is left, the Karush-Kuhn-Tucker conditions hold. That takes 2 to 8 rounds.

    Args:
        waveform: (p + time + p,), float64; the p samples at each end are known. A sample to be found may hold anything.
        lower, upper: (time,), equal where a sample is known, and else one of them finite.
        coefficients: (p + 1,).
        rounds: at most; each costs the cube of the number of free samples.

    Returns:
        (time,).

    Reference: the block pivoting of Portugal, Júdice and Vicente, "A comparison of block pivoting and interior-point algorithms
    for linear least squares problems with nonnegative variables", Mathematics of Computation 63(208), 1994.

    >>> waveform = torch.tensor([0.0, 0, 1, 0, 1, 0, 0], dtype=torch.float64)
    >>> lower, upper = waveform[1:-1].clone(), waveform[1:-1].clone()
    >>> lower[2], upper[2] = 1.5, torch.inf                                 # the mean of its neighbors, 1, is not allowed
    >>> predict_within(waveform, lower, upper, waveform.new_tensor([1.0, -1.0])).tolist()
    [0.0, 1.0, 1.5, 1.0, 0.0]
    """
    order, n_samples = coefficients.shape[-1] - 1, lower.shape[-1]
    found = waveform[order : order + n_samples].clamp(lower, upper)
    places = (lower < upper).nonzero()[:, 0]
    if places.numel() == 0:
        return found
    known = torch.cat([waveform[:order], found.index_fill(0, places, 0.0), waveform[order + n_samples :]])
    error = F.conv1d(known[None, None], coefficients.flip(0)[None, None])
    pull = F.conv1d(error, coefficients[None, None])[0, 0]  # (time,)
    lags = F.pad(autocorrelation(coefficients, order + 1), (0, max(0, n_samples - order - 1)))
    matrix = lags[(places[:, None] - places).abs()]
    matrix.diagonal().mul_(1 + _FLOOR)
    from_below = lower[places].isfinite()
    bound = torch.where(from_below, lower[places], upper[places])
    found[places] = _bounded_minimum(matrix, -pull[places], bound, torch.where(from_below, 1.0, -1.0).to(bound), rounds)
    return found


def _bounded_minimum(matrix: Tensor, target: Tensor, bound: Tensor, side: Tensor, rounds: int) -> Tensor:
    """The x of least ½ xᵀ K x − tᵀ x with side · (x − bound) ≥ 0, side ±1."""
    held = torch.zeros_like(bound, dtype=torch.bool)
    solution = bound
    for _ in range(rounds):
        free = ~held
        factor, failed = torch.linalg.cholesky_ex(matrix[free][:, free])
        if failed:
            break
        right = target[free] - matrix[free][:, held] @ bound[held]
        solution = bound.index_put((free,), torch.cholesky_solve(right[:, None], factor)[:, 0])
        short = free & (side * (solution - bound) < 0)
        pulled = held & (side * (matrix @ solution - target) < 0)
        if not (short | pulled).any():
            break
        held = (held | short) & ~pulled
    return torch.where(side * (solution - bound) < 0, bound, solution)
