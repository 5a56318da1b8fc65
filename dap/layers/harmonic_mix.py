r"""Mixing of channels across harmonically related bins: the sum over n and k of Eq. 5, and the adjoint of it.

.. math:: Y[:, f, t] = \sum_r W_r\, X[:, r f, t], \qquad r \in \{k/n\}

How it is made fast. Only the ratio k/n matters to where a value is read, and K = N = 7 has 35 distinct ratios, not 49.
Interpolation works along frequency and W along channels, so the two commute, and each ratio is taken from the side with
fewer rows: one above 1 has few output rows (the others lie past Nyquist), one below 1 reads few input rows. That leaves
the work of 18 of the 35 channel products. Rows are taken a block at a time: a sparse matrix gathers the block's rows at
all ratios, one batched product mixes them, and nothing of the size of all the shifted maps ever exists. The backward
pass is the same two steps, exchanged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
import math
import warnings

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# What is held of the gathered maps at a time: elements (a CPU's cache; on a GPU, enough work for a launch), and frames.
_BLOCK_ELEMENTS = {"cpu": 2**20, "cuda": 2**24}
_CHUNK_FRAMES = {"cpu": 256, "cuda": 2**16}


def harmonic_ratios(n_harmonics: int, n_anchors: int) -> tuple[Fraction, ...]:
    """Distinct k/n for k = 1 … n_harmonics and n = 1 … n_anchors, ascending.

    >>> [str(ratio) for ratio in harmonic_ratios(3, 2)]
    ['1/2', '1', '3/2', '2', '3']
    >>> len(harmonic_ratios(7, 7))
    35
    """
    return tuple(sorted({Fraction(k, n) for k in range(1, n_harmonics + 1) for n in range(1, n_anchors + 1)}))


def harmonic_mix(x: Tensor, weight: Tensor, ratios: tuple[Fraction, ...], bin_offset: float = 0.0) -> Tensor:
    """Mix the channels found at ``ratios`` times each bin's frequency.

    A frequency between two bins is read by linear interpolation, DC is bin 0, the last bin (Nyquist) counts, and past it
    everything is zero.

    Args:
        x: the maps, (batch, in_channels, n_freq, n_frames).
        weight: one matrix a ratio, (len(ratios), out_channels, in_channels).
        ratios: ascending, as `harmonic_ratios` gives them.
        bin_offset: where bin 0 lies, in bins; pooling by 2^s moves it from 0 to ½(1 − 2^−s).

    Shape:
        (batch, in_channels, n_freq, n_frames) → (batch, out_channels, n_freq, n_frames)

    Raises:
        ValueError: where the shapes do not fit each other.

    Reference: Zhang et al., "Deep Audio Priors Emerge From Harmonic Convolutional Networks", ICLR 2020, Eq. 3 to 5.

    >>> tone = torch.zeros(1, 1, 9, 1)
    >>> tone[0, 0, 6] = 1.0                              # a partial in bin 6 …
    >>> weight = torch.ones(1, 1, 1)
    >>> harmonic_mix(tone, weight, (Fraction(2),)).flatten().tolist()       # … is the second harmonic of bin 3
    [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    if x.ndim != 4 or weight.ndim != 3 or weight.shape[0] != len(ratios) or weight.shape[2] != x.shape[1]:
        raise ValueError(
            "expected x (batch, in_channels, n_freq, n_frames) and weight (ratios, out_channels, in_channels), "
            f"got {tuple(x.shape)} and {tuple(weight.shape)} for {len(ratios)} ratios"
        )
    batch, in_channels, n_freq, n_frames = x.shape
    n_lower = sum(ratio <= 1 for ratio in ratios)
    upper = weight[n_lower:].permute(1, 0, 2).reshape(weight.shape[1], -1)  # (C_out, ratios · C_in)
    lower = weight[:n_lower].flip(0).permute(2, 0, 1).reshape(in_channels, -1)  # (C_in, ratios · C_out)
    rows = x.permute(2, 1, 0, 3).reshape(n_freq, in_channels, batch * n_frames)  # (F, C_in, B · T)
    if rows.dtype == torch.bfloat16:  # within autocast: no sparse product takes it
        rows = rows.float()
    mixed: Tensor = _HarmonicMix.apply(rows, upper, lower, ratios, bin_offset)  # type: ignore[no-untyped-call]
    return mixed.view(n_freq, -1, batch, n_frames).permute(2, 1, 0, 3)


class _HarmonicMix(torch.autograd.Function):
    """x (F, C_in, T) and two stacks of matrices to y (F, C_out, T).

    ``upper`` (C_out, ratios · C_in) holds the ratios above 1, ascending; ``lower`` (C_in, ratios · C_out) the others,
    descending: of each the leading columns belong to the ratios that reach furthest.
    """

    @staticmethod
    def forward(ctx, x, upper, lower, ratios, bin_offset):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x, upper, lower)
        ctx.settings = ratios, bin_offset
        y = x.new_empty(x.shape[0], upper.shape[0], x.shape[2])
        for frames, above, below, buffer in _chunks(x, upper, ratios, bin_offset):
            x_part = x[..., frames].contiguous()
            y_part = x_part.new_zeros(len(y), y.shape[1], x_part.shape[2])
            for rows, maps in _gather(above, x_part, buffer):
                y_part[rows].baddbmm_(upper[:, : maps.shape[1]].expand(len(maps), -1, -1), maps)
            _spread(below, lower, x_part, y_part, buffer)
            y[..., frames] = y_part
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        x, upper, lower = ctx.saved_tensors
        grad_x, grad_upper, grad_lower = torch.empty_like(x), torch.zeros_like(upper), torch.zeros_like(lower)
        for frames, above, below, buffer in _chunks(x, upper, *ctx.settings):
            x_part, grad_part = x[..., frames].contiguous(), grad[..., frames].contiguous()
            grad_x_part = torch.zeros_like(x_part)
            for rows, maps in _gather(above, x_part, buffer):
                grad_upper[:, : maps.shape[1]] += torch.bmm(grad_part[rows], maps.transpose(1, 2)).sum(0)
            _spread(above, upper, grad_part, grad_x_part, buffer)
            for rows, maps in _gather(below, grad_part, buffer):
                grad_lower[:, : maps.shape[1]] += torch.bmm(x_part[rows], maps.transpose(1, 2)).sum(0)
                grad_x_part[rows].baddbmm_(lower[:, : maps.shape[1]].expand(len(maps), -1, -1), maps)
            grad_x[..., frames] = grad_x_part
        return grad_x, grad_upper, grad_lower, None, None


@dataclass(frozen=True)
class _Block:
    """Rows ``start:stop`` of one side, and what each reads at ``n_ratios`` ratios from rows ``low:high`` of the other."""

    start: int
    stop: int
    n_ratios: int
    low: int
    high: int
    gather: Tensor  # sparse (rows · n_ratios, high - low)
    spread: Tensor  # its transpose

    @property
    def n_maps(self) -> int:
        return (self.stop - self.start) * self.n_ratios


def _gather(blocks: list[_Block], other: Tensor, buffer: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Each block's rows and what they read, at every ratio, from ``other`` (F, C, T): (rows, ratios · C, T)."""
    _, n_channels, n_frames = other.shape
    flat = other.view(len(other), -1)  # (F, C · T)
    for block in blocks:
        maps = buffer[: block.n_maps * flat.shape[1]].view(block.n_maps, -1)
        torch.addmm(maps, block.gather, flat[block.low : block.high], beta=0, out=maps)
        yield slice(block.start, block.stop), maps.view(-1, block.n_ratios * n_channels, n_frames)


def _spread(blocks: list[_Block], matrix: Tensor, own: Tensor, other: Tensor, buffer: Tensor) -> None:
    """The transpose of gathering from ``other`` and mixing with ``matrix`` (D, ratios · C) into ``own``.

    Adds to ``other`` (F, C, T) what ``own`` (F, D, T) gives back.
    """
    _, n_channels, n_frames = other.shape
    flat = other.view(len(other), -1)  # (F, C · T)
    for block in blocks:
        n_rows, depth = block.stop - block.start, block.n_ratios * n_channels
        maps = buffer[: n_rows * depth * n_frames].view(n_rows, depth, n_frames)
        torch.bmm(matrix.t()[:depth].expand(n_rows, -1, -1), own[block.start : block.stop], out=maps)
        target = flat[block.low : block.high]
        torch.addmm(target, block.spread, maps.view(block.n_maps, -1), out=target)


def _chunks(
    x: Tensor, upper: Tensor, ratios: tuple[Fraction, ...], bin_offset: float
) -> Iterator[tuple[slice, list[_Block], list[_Block], Tensor]]:
    """Ranges of frames, with the blocks of output rows (ratios above 1) and of input rows (the others), and their memory."""
    n_freq, in_channels, n_frames = x.shape
    out_channels = upper.shape[0]
    chunk = min(n_frames, _CHUNK_FRAMES[x.device.type])

    def max_maps(n_channels: int) -> int:  # a power of two, so that networks of many widths share their plans
        return 1 << max(1, _BLOCK_ELEMENTS[x.device.type] // (n_channels * chunk)).bit_length() - 1

    above = _plan(n_freq, tuple(r for r in ratios if r > 1), False, bin_offset, max_maps(in_channels), x.dtype, x.device)
    below = _plan(n_freq, tuple(r for r in ratios if r <= 1), True, bin_offset, max_maps(out_channels), x.dtype, x.device)
    size = max(
        n_channels * max((block.n_maps for block in blocks), default=0)
        for blocks, n_channels in ((above, in_channels), (below, out_channels))
    )
    buffer = x.new_empty(size * chunk)
    for start in range(0, n_frames, chunk):
        yield slice(start, start + chunk), above, below, buffer


@lru_cache(maxsize=128)
def _plan(
    n_freq: int,
    ratios: tuple[Fraction, ...],
    transpose: bool,
    bin_offset: float,
    max_maps: int,
    dtype: torch.dtype,
    device: torch.device,
) -> list[_Block]:
    """Cut the output rows (or, with ``transpose``, the input rows) into blocks of at most about ``max_maps`` gathered rows."""
    entries = [_interpolation(n_freq, ratio, bin_offset) for ratio in ratios]
    if transpose:
        entries = [(source, row, weight) for row, source, weight in reversed(entries)]
    reach = [int(own.max()) + 1 for own, _, _ in entries]  # descending
    blocks = []
    start = 0
    while reach and start < reach[0]:
        n_ratios = sum(rows > start for rows in reach)
        # A block ends where a quarter of its ratios have ended (the rest would be work on zeros), or when it is large enough.
        stop = min(reach[math.ceil(0.75 * n_ratios) - 1], start + max(1, max_maps // n_ratios))
        parts = []
        for index, (own, other, weight) in enumerate(entries[:n_ratios]):
            here = (own >= start) & (own < stop)
            parts.append(((own[here] - start) * n_ratios + index, other[here], weight[here]))
        row, column, value = (torch.cat(part) for part in zip(*parts, strict=True))
        low, high = int(column.min()), int(column.max()) + 1
        shape = ((stop - start) * n_ratios, high - low)
        gather = _sparse(row, column - low, value.to(dtype), shape).to(device)
        spread = _sparse(column - low, row, value.to(dtype), shape[::-1]).to(device)
        blocks.append(_Block(start, stop, n_ratios, low, high, gather, spread))
        start = stop
    return blocks


def _interpolation(n_freq: int, ratio: Fraction, bin_offset: float) -> tuple[Tensor, Tensor, Tensor]:
    """Output rows, input rows and weights (float64) of linear interpolation at ``ratio`` times each bin."""
    rows = torch.arange(n_freq)
    if bin_offset:
        position = (float(ratio) * (rows.double() + bin_offset) - bin_offset).clamp(min=0)
        lower = position.floor().long()
        fraction = position - lower
    else:  # in whole numbers, so that what falls on a bin does so exactly
        lower = rows * ratio.numerator // ratio.denominator
        fraction = (rows * ratio.numerator % ratio.denominator).double() / ratio.denominator
    inside = lower + (fraction > 0) <= n_freq - 1
    rows, lower, fraction = rows[inside], lower[inside], fraction[inside]
    between = fraction > 0
    return (
        torch.cat([rows, rows[between]]),
        torch.cat([lower, lower[between] + 1]),
        torch.cat([1 - fraction, fraction[between]]),
    )


def _sparse(rows: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, ...]) -> Tensor:
    with warnings.catch_warnings():  # torch warns, once a process, that its CSR layout is in beta state
        warnings.simplefilter("ignore", UserWarning)
        entries = torch.sparse_coo_tensor(torch.stack([rows, columns]), values, shape, check_invariants=False)
        csr = entries.coalesce().to_sparse_csr()
        crow, col = csr.crow_indices().int(), csr.col_indices().int()  # what MKL takes; else each product converts them
        return torch.sparse_csr_tensor(crow, col, csr.values(), shape, check_invariants=False)
