"""A change of sample rate, over a stream: as of the whole sound at once, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator
import math

import torch
from torch import Tensor

from dap.dsp.resample import resample

_CHUNK = 2**16  # samples in, at least, that are changed together
_REACH = 80  # samples of the lower rate on both sides that a result may depend on: `resample` takes 68


def resample_stream(blocks: Iterable[Tensor], sample_rate: int, new_rate: int) -> Iterator[Tensor]:
    """`dap.dsp.resample.resample` of a stream of blocks, (..., any number of samples), and its errors.

    >>> blocks = torch.randn(1, 30000).split(7000, dim=1)
    >>> whole = resample(torch.cat(blocks, dim=1), 3, 2)
    >>> streamed = torch.cat(list(resample_stream(blocks, 3, 2)), dim=1)
    >>> streamed.shape == whole.shape, bool((streamed - whole).abs().max() < 1e-5)
    (True, True)
    """
    if sample_rate == new_rate:
        return iter(blocks)
    return at_another_rate(blocks, lambda part: resample(part, sample_rate, new_rate), sample_rate, new_rate)


def at_another_rate(
    blocks: Iterable[Tensor], change: Callable[[Tensor], Tensor], sample_rate: int, new_rate: int
) -> Iterator[Tensor]:
    """What ``change`` would make of a whole stream, made part by part.

    Args:
        blocks: (..., any number of samples) after another.
        change: from one rate to the other; what it puts out depends on 80 samples of the lower rate around, no more.
        sample_rate, new_rate: Hz.

    Yields:
        (..., some samples): in all ⌈n_samples · new_rate / sample_rate⌉, or fewer where ``change`` gives fewer.
    """
    common = math.gcd(sample_rate, new_rate)
    n_in, n_out = sample_rate // common, new_rate // common  # so many samples become so many
    margin = (_REACH * max(1, math.ceil(n_in / n_out)) // n_in + 2) * n_in
    chunk = max(1, _CHUNK // n_in) * n_in
    held: Tensor | None = None
    first = done = 0  # place in the stream of what is held; of what was changed: multiples of n_in
    for block in blocks:
        held = block if held is None else torch.cat([held, block], dim=-1)
        while first + held.shape[-1] >= done + chunk + margin:
            part = change(held[..., : done + chunk + margin - first])
            skipped = (done - first) // n_in * n_out
            yield part[..., skipped : skipped + chunk // n_in * n_out]
            done += chunk
            kept = max(done - margin - first, 0)
            held, first = held[..., kept:].clone(), first + kept
    if held is not None and first + held.shape[-1] > done:
        yield change(held)[..., (done - first) // n_in * n_out :]
