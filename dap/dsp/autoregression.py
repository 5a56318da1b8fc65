r"""Linear prediction: the autoregressive model of a stretch of sound, and the missing samples that fit it best.

The model of order p says that Σ_k a[k] x[n − k], k = 0 … p, a[0] = 1, is white noise: each sample is nearly a weighted sum of
the p before it. All of it is float64, as the equations are the worse conditioned the more tonal the sound is.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
import torch.nn.functional as F

from dap.dsp.masks import runs_of

_PREDICTED = 1e-24  # of the power: errors so small are float64's rounding
_RAMP = 0.1  # of a run: within it the weights rise from 0
_TOEPLITZ = 12  # a gap up to so many orders long is solved for in time ∝ length²; a longer one in time ∝ length · order²
_SOLVED_AGAIN = 3  # times: by then the residual is float64's rounding
_RIDGE = 1e-13  # of the matrix's largest entry: rounding, where a model next to instability makes it singular


def linear_prediction(waveform: Tensor, order: int, known: Tensor | None = None, windowed: bool = True) -> Tensor:
    """The coefficients a of a stretch, by Burg's method: always a stable model.

    Stage by stage, the reflection coefficient that makes the forward and the backward errors least together, those of each run
    of known samples on its own. With a window as the errors' weights; no sample is multiplied with it, so a tone does not decay
    in the model. It is a Hann window from the first known sample to the last, and falls to 0 within a tenth of each run at both
    its ends as well: weights that end suddenly move the frequencies of tones.

    Args:
        waveform: (time,), float64, longer than ``order``.
        order: p, at least 1. Where all is predicted before (a few tones, silence), the rest of the coefficients are 0.
        known: (time,), True for the samples that the model is made from; None: all of them.
        windowed: False: the errors weigh the same over the whole stretch.

    Returns:
        (order + 1,), the first of them 1.

    Raises:
        ValueError: no run of known samples that is longer than the order.

    Reference: Burg, "Maximum entropy spectral analysis", 1975; with weights: Swingler, Proc. IEEE 67(9), 1979; of several runs:
    de Waele and Broersen, "The Burg algorithm for segments", IEEE Trans. SP 48(10), 2000.

    >>> linear_prediction(torch.full((10,), 5.0, dtype=torch.float64), 2).tolist()    # each sample is the one before
    [1.0, -1.0, 0.0]
    """
    runs = [(0, waveform.shape[-1])] if known is None else runs_of(known)
    longest = max((end - start for start, end in runs), default=0)
    if longest <= order:
        raise ValueError(f"a model of order {order} needs more than {order} samples in a row, got {longest}")
    samples = waveform.cpu().numpy()  # whose small operations cost less than torch's: there are ten for each coefficient
    windows = _windows(runs) if windowed else [np.ones(2 * (end - start) + 1) for start, end in runs]
    lattices = [_Lattice(samples[start:end], window) for (start, end), window in zip(runs, windows, strict=True)]
    model = np.zeros(order + 1)
    model[0] = 1.0
    least = _PREDICTED * sum(float(samples[start:end] @ samples[start:end]) for start, end in runs)
    for stage in range(1, order + 1):
        lattices = [lattice for lattice in lattices if len(lattice.forward)]
        sums = [lattice.sums(stage) for lattice in lattices]
        power = sum(power for _, power in sums)
        if power <= least:
            break
        reflection = -2 * sum(product for product, _ in sums) / power
        model[1 : stage + 1] += reflection * model[stage - 1 :: -1]
        for lattice in lattices:
            lattice.reflect(reflection)
    return torch.from_numpy(model).to(waveform)


def _windows(runs: list[tuple[int, int]]) -> list[np.ndarray]:
    """The weights of each run, at each half sample from its first to one beyond its last."""
    windows = []
    first, last = runs[0][0], runs[-1][1]
    whole = np.hanning(2 * (last - first) + 1)
    for start, end in runs:
        window = whole[2 * (start - first) : 2 * (end - first) + 1]
        if len(runs) > 1:
            place = np.linspace(0, 1, len(window))
            window = window * np.sin(np.pi / 2 * np.minimum(np.minimum(place, 1 - place) / _RAMP, 1)) ** 2
        windows.append(window)
    return windows


class _Lattice:
    """The forward and backward prediction errors of one run of samples, from stage to stage of Burg's method.

    Args:
        samples: of the run.
        window: the weights at each half sample from its first to one beyond its last.
    """

    def __init__(self, samples: np.ndarray, window: np.ndarray) -> None:
        self.weights_of = window[::2].copy(), window[1::2].copy()  # of samples an even number apart, and an odd one
        self.forward, self.backward = samples[1:].copy(), samples[:-1].copy()
        self.other = np.empty_like(self.forward)

    def sums(self, stage: int) -> tuple[float, float]:
        """Of forward · backward, and of both squared, weighted."""
        first = (stage + 1) // 2
        weights = self.weights_of[(stage + 1) % 2][first : first + len(self.forward)]  # halfway between sample n and n − stage
        weighted = np.multiply(weights, self.forward, out=self.other)
        product, power = float(weighted @ self.backward), float(weighted @ self.forward)
        return product, power + float(np.multiply(weights, self.backward, out=self.other) @ self.backward)

    def reflect(self, reflection: float) -> None:
        """The errors of the next stage, one fewer."""
        np.multiply(self.backward, reflection, out=self.other)
        self.other += self.forward
        self.forward *= reflection
        self.backward += self.forward
        self.forward, self.backward, self.other = self.other[1:], self.backward[:-1], self.forward[:-1]


def autocorrelation(waveform: Tensor, n_lags: int) -> Tensor:
    """Σ_t x[t] x[t + k] for k = 0 … n_lags − 1, nothing beyond the ends; (…, time) → (…, n_lags).

    >>> autocorrelation(torch.tensor([1.0, 2.0, 3.0]), 5).round(decimals=4).abs().tolist()
    [14.0, 8.0, 3.0, 0.0, 0.0]
    """
    n_fft = _fft_length(waveform.shape[-1] + n_lags)
    spec = torch.fft.rfft(waveform, n_fft)
    found: Tensor = torch.fft.irfft(spec.real.square() + spec.imag.square(), n_fft)[..., :n_lags]
    return found


def predict_missing(waveform: Tensor, missing: Tensor, coefficients: Tensor) -> Tensor:
    r"""The waveform, its missing samples replaced by what the model expects of them, given all the others.

    That is the Gaussian conditional mean: with K the inverse of the model's covariance matrix, K_mm x_m = −K_mo x_o. Away
    from the ends this is Janssen's least prediction error, and at the ends it stays stable, forwards and backwards. K is known
    in closed form (Gohberg and Semencul): entry (i, j), d = |i − j| apart, of a stretch of N samples is

        Σ_{k ≤ min(i, j)} a[k] a[k + d] − Σ_{k ≥ N − max(i, j)} a[k] a[k + d],

    0 beyond p apart: so with the missing samples in blocks of p the matrix is block tridiagonal, and the work grows with
    their number times p². Where no missing sample is within p of an end the entries are the coefficients' autocorrelation.

    Args:
        waveform: (time,), float64; what stands at the missing samples does not matter.
        missing: (time,), True for each missing sample.
        coefficients: of a stable model, (p + 1,).

    Reference: Janssen, Veldhuis and Vries, "Adaptive interpolation of discrete-time signals that can be modeled as
    autoregressive processes", IEEE Trans. ASSP 34(2), 1986.

    >>> waveform = torch.tensor([1.0, 0.0, 1.0, 0.0, 0.0], dtype=torch.float64)
    >>> missing = waveform == 0
    >>> predict_missing(waveform, missing, waveform.new_tensor([1.0, -0.5])).round(decimals=4).tolist()
    [1.0, 0.8, 1.0, 0.5, 0.25]
    """
    order, n_samples = coefficients.shape[-1] - 1, waveform.shape[-1]
    if not missing.any():
        return waveform
    known = waveform.where(~missing, 0.0)
    filled = known.clone()
    correlation = F.pad(autocorrelation(coefficients, order + 1), (0, 1))  # (p + 2,)
    ridge = _RIDGE * float(correlation[0])
    weights = -_precision_times(known, coefficients)

    def between(rows: Tensor, columns: Tensor) -> Tensor:
        return correlation[(rows[:, None] - columns).abs().clamp(max=order + 1)]

    for group in _groups(runs_of(missing), order):
        first, last = group[0][0], group[-1][1]
        inside = order <= first and last <= n_samples - order
        if inside and len(group) == 1 and last - first <= _TOEPLITZ * order:
            filled[first:last] = _solve_toeplitz(correlation[:-1], weights[first:last], ridge)
            continue
        places = first + missing[first:last].nonzero()[:, 0]
        entries = between if inside else _entries(coefficients, n_samples)
        filled[places] = _solve_block_tridiagonal(torch.split(places, order), entries, weights[places], ridge)
    return filled


def _entries(coefficients: Tensor, n_samples: int) -> Callable[[Tensor, Tensor], Tensor]:
    """K's entries in given rows and columns, for a stretch of so many samples; see `predict_missing`."""
    order = coefficients.shape[-1] - 1
    shifted = F.pad(coefficients, (0, order)).unfold(0, order + 1, 1)  # [d, k]: a[k + d]
    sums = F.pad((coefficients * shifted).cumsum(1), (1, 0))  # (p + 1, p + 2); [d, m] is the sum over k < m

    def entries(rows: Tensor, columns: Tensor) -> Tensor:
        low, high = torch.minimum(rows[:, None], columns), torch.maximum(rows[:, None], columns)
        apart = (high - low).clamp(max=order)
        before, after = (low + 1).clamp(max=order + 1), (n_samples - high).clamp(max=order + 1)
        return (sums[apart, before] + sums[apart, after] - sums[apart, -1]).where(high - low <= order, 0.0)

    return entries


def _groups(gaps: list[tuple[int, int]], order: int) -> Iterator[list[tuple[int, int]]]:
    """Gaps with fewer known samples between them than the order: those of another group tell nothing of them."""
    group = gaps[:1]
    for gap in gaps[1:]:
        if gap[0] - group[-1][1] >= order:
            yield group
            group = []
        group.append(gap)
    yield group


def _solve_toeplitz(column: Tensor, target: Tensor, ridge: float) -> Tensor:
    """Solve K x = target, K symmetric with K_ij = column[|i − j|], 0 beyond its end, and ``ridge`` on the diagonal.

    K's inverse is that of a covariance matrix, in closed form by the linear prediction of all its samples (Levinson-Durbin): so
    the work grows with the square of their number. What rounding leaves is solved for again.
    """
    n_missing = len(target)
    correlation = np.zeros(n_missing)
    correlation[: len(column)] = column[:n_missing].cpu().numpy()
    correlation[0] += ridge
    model, power = np.zeros(n_missing), correlation[0]
    model[0] = 1.0
    for stage in range(1, n_missing):
        reach = min(stage, len(column) - 1)
        reflection = -(model[stage - reach : stage] @ correlation[reach:0:-1]) / power
        model[1 : stage + 1] += reflection * model[stage - 1 :: -1]
        power *= 1 - reflection * reflection
    inverse, matrix = torch.from_numpy(model / np.sqrt(power)).to(target), torch.from_numpy(correlation).to(target)
    solution = torch.zeros_like(target)
    for _ in range(_SOLVED_AGAIN):
        solution = solution + _precision_times(target - _filtered(solution, matrix), inverse)
    return solution


def _filtered(waveform: Tensor, correlation: Tensor) -> Tensor:
    """Σ_d correlation[|d|] · waveform[n + d]: (time,) → (time,)."""
    reach = len(correlation) - 1
    length = _fft_length(len(waveform) + 2 * reach)
    kernel = torch.cat([correlation.flip(0), correlation[1:]])
    product: Tensor = torch.fft.irfft(torch.fft.rfft(waveform, length) * torch.fft.rfft(kernel, length), length)
    return product[reach : reach + len(waveform)]


def _fft_length(least: int) -> int:
    """A power of two, whose transform is fast."""
    return 1 << (least - 1).bit_length()


def _precision_times(waveform: Tensor, coefficients: Tensor) -> Tensor:
    """K x, in convolutions: K = U Uᵀ − V Vᵀ with triangular Toeplitz matrices of the coefficients; (time,) → (time,)."""
    order, n_samples = coefficients.shape[-1] - 1, waveform.shape[-1]
    backwards = _correlate(F.pad(waveform, (0, order)), coefficients)  # Σ_k a[k] x[n + k], zeros after the end
    first = _correlate(F.pad(backwards, (order, 0)), coefficients.flip(0))
    beyond = _correlate(F.pad(waveform, (order, order)), coefficients.flip(0))[n_samples:]  # (p,): Σ_k a[k] x[n − k], n ≥ time
    second = _correlate(F.pad(beyond, (n_samples, order)), coefficients)[:n_samples]
    return first - second


def _correlate(waveform: Tensor, weights: Tensor) -> Tensor:
    """Σ_k weights[k] · waveform[n + k], for each n at which all of it lies inside."""
    length = _fft_length(len(waveform))
    found: Tensor = torch.fft.irfft(torch.fft.rfft(waveform, length) * torch.fft.rfft(weights, length).conj(), length)
    return found[: len(waveform) - len(weights) + 1]


def _solve_block_tridiagonal(
    blocks: Sequence[Tensor], entries: Callable[[Tensor, Tensor], Tensor], target: Tensor, ridge: float
) -> Tensor:
    """Solve K x = target by Cholesky factors, block by block: K's entries are 0 but between a block and its neighbours."""
    lower: list[Tensor] = []  # Cholesky factors of what is left of the diagonal blocks
    beside: list[Tensor] = []  # each one's inverse times the block to its right
    forward: list[Tensor] = []
    targets = torch.split(target, [len(block) for block in blocks])
    for index, block in enumerate(blocks):
        diagonal, right = entries(block, block), targets[index][:, None]
        diagonal = diagonal + ridge * torch.eye(len(block)).to(diagonal)
        if index:
            beside.append(torch.linalg.solve_triangular(lower[-1], entries(blocks[index - 1], block), upper=False))
            diagonal = diagonal - beside[-1].T @ beside[-1]
            right = right - beside[-1].T @ forward[-1]
        lower.append(torch.linalg.cholesky(diagonal))
        forward.append(torch.linalg.solve_triangular(lower[-1], right, upper=False))
    solution: list[Tensor] = []  # last block first
    for index in reversed(range(len(blocks))):
        right = forward[index] - beside[index] @ solution[-1] if solution else forward[index]
        solution.append(torch.linalg.solve_triangular(lower[index].T, right, upper=True))
    return torch.cat(solution[::-1])[:, 0]
