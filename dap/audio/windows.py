"""A stream of any length, worked on by overlapping windows and joined again: the same length, no seam, bounded memory."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
import math

import torch
from torch import Tensor
import torch.nn.functional as F

from dap.audio.same_length import same_length

Placed = tuple[int, Tensor]
"""A window: the place of its first sample in the stream, and its samples, (channel, window)."""


@dataclass(frozen=True)
class Layout:
    """How windows lie, in seconds.

    Args:
        window_seconds: length of a window.
        overlap_seconds: of one window with the next: at most half of it.
        fade_seconds: in which one goes over into the next, in the middle of the overlap.

    Raises:
        ValueError: lengths not above 0, or that do not fit into each other.

    >>> Layout(4.0, 1.0, 0.25).samples(16000, 10**6), Layout(4.0, 1.0, 0.25).samples(16000, 100)
    ((64000, 48000, 4000), (100, 100, 0))
    """

    window_seconds: float
    overlap_seconds: float
    fade_seconds: float

    def __post_init__(self) -> None:
        for name, seconds in (("window_seconds", self.window_seconds), ("fade_seconds", self.fade_seconds)):
            if not (math.isfinite(seconds) and seconds > 0):
                raise ValueError(f"{name} must be above 0 s, got {seconds}")
        if not self.fade_seconds <= self.overlap_seconds <= self.window_seconds / 2:
            raise ValueError(
                f"overlap_seconds must be from fade_seconds = {self.fade_seconds} to half of window_seconds ="
                f" {self.window_seconds}, got {self.overlap_seconds}"
            )

    def samples(self, sample_rate: int, n_samples: int) -> tuple[int, int, int]:
        """Window, hop and fade for a sound of ``n_samples``. A shorter one than a window is one: no zeros are put to it."""
        window, overlap, fade = (
            round(seconds * sample_rate) for seconds in (self.window_seconds, self.overlap_seconds, self.fade_seconds)
        )
        return (n_samples, n_samples, 0) if n_samples <= window else (window, window - overlap, fade)


def by_windows(
    blocks: Iterable[Tensor],
    process: Callable[[Tensor], Tensor],
    window: int,
    hop: int,
    fade: int = 0,
    at_once: int | None = None,
) -> Iterator[Tensor]:
    """Process a stream window by window: what comes out is as long as what went in.

    Each window's borders, where a process knows least, are cropped: half of what it shares with its neighbour on each side.
    There the one goes over into the other within ``fade`` samples. The first window keeps its beginning and the last its end.
    Samples on which two windows agree are passed on as they are, bit for bit, so a process that changes nothing gives the
    stream back exactly; elsewhere a fade lies between the two, so a bound that both keep is kept.

    Args:
        blocks: the stream, cut anyhow: (channel, any number of samples).
        process: from (channel, window) to the same shape, one after another in order. It is always given a whole window: the
            last begins earlier than its turn, and a stream shorter than a window is filled up with zeros.
        window: samples.
        hop: samples from one window to the next. The last one's may be shorter.
        fade: samples within which one window goes over into the next, raised cosine; 0 cuts.
        at_once: give the process up to so many windows together, (n, channel, window); None: one by one.

    Yields:
        (channel, some samples), at most a window at a time; no more than three windows are held, besides those together.

    Raises:
        ValueError: window, hop or fade out of range, blocks of different numbers of channels, or a process that changes
            the shape.

    >>> stream = [torch.arange(7.0)[None], torch.arange(7.0, 11.0)[None]]
    >>> torch.cat(list(by_windows(stream, lambda window: -window, window=4, hop=2)), dim=1).tolist()
    [[-0.0, -1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0, -10.0]]
    """

    def processed(stream: Iterable[Tensor]) -> Iterator[Placed]:
        placed = cut(stream, window, hop)
        if at_once is None:
            for start, samples in placed:
                yield start, process(samples)
            return
        while together := list(islice(placed, at_once)):
            done = process(torch.stack([samples for _, samples in together]))
            yield from zip((start for start, _ in together), done, strict=True)

    yield from same_length(blocks, lambda stream: join(processed(stream), window, hop, fade))


def cut(blocks: Iterable[Tensor], window: int, hop: int) -> Iterator[Placed]:
    """The windows of a stream, in order: at multiples of the hop, and one that ends where the stream ends.

    A stream shorter than a window is filled up with zeros; of one without samples there is no window. For the arguments and
    errors see `by_windows`.

    >>> [(start, window.tolist()) for start, window in cut([torch.arange(5.0)[None]], window=4, hop=3)]
    [(0, [[0.0, 1.0, 2.0, 3.0]]), (1, [[1.0, 2.0, 3.0, 4.0]])]
    """
    _check(window, hop)
    held: Tensor | None = None  # samples from `start` on, whose window has not been given; before it, those of the last one
    start, given = 0, 0  # of what is held; windows given so far
    for block in blocks:
        if block.shape[-1] == 0:
            continue
        if held is not None and block.shape[:-1] != held.shape[:-1]:
            raise ValueError(f"blocks must all have {held.shape[0]} channels, got one of shape {tuple(block.shape)}")
        held = block if held is None else torch.cat([held, block], dim=-1)
        while start + held.shape[-1] >= given * hop + window:
            first = given * hop - start
            yield given * hop, held[..., first : first + window]
            given += 1
        # The last window may need a whole window of what went before: no more.
        kept = max(held.shape[-1] - window, 0)
        kept = min(kept, max(given * hop - start, 0))
        held, start = held[..., kept:].clone() if kept else held, start + kept
    if held is None:
        return
    end = start + held.shape[-1]
    if end < window:
        yield 0, F.pad(held, (0, window - end))
    elif end > (given - 1) * hop + window:
        yield end - window, held[..., -window:]


def count_windows(n_samples: int, window: int, hop: int) -> int:
    """How many windows `cut` makes of a stream.

    >>> [count_windows(n_samples, window=4, hop=3) for n_samples in (0, 1, 4, 5, 7, 8)]
    [0, 1, 1, 2, 2, 3]
    """
    return 1 + max(0, math.ceil((n_samples - window) / hop)) if n_samples else 0


def join(windows: Iterable[Placed], window: int, hop: int, fade: int = 0) -> Iterator[Tensor]:
    """The stream of windows that `cut` made, each of them processed. For the arguments and errors see `by_windows`.

    >>> torch.cat(list(join(cut([torch.arange(5.0)[None]], 4, 3), 4, 3)), dim=1).tolist()
    [[0.0, 1.0, 2.0, 3.0, 4.0]]
    """
    _check(window, hop)
    if not 0 <= fade <= min(hop, window - hop):
        raise ValueError(f"fade must be from 0 to {min(hop, window - hop)} samples, hop and overlap, got {fade}")
    before: Tensor | None = None
    begun = written = 0  # of the window before; samples that are out
    for start, samples in windows:
        if samples.shape[-1] != window:
            raise ValueError(f"a window of {window} samples became one of {samples.shape[-1]}")
        if before is not None:
            if samples.shape != before.shape:
                raise ValueError(f"the shape of a window changed from {tuple(before.shape)} to {tuple(samples.shape)}")
            middle = (start + begun + window) // 2  # of what both have
            over = max(middle - fade // 2, written)
            rise = 0.5 - 0.5 * torch.cos(torch.pi * (torch.arange(fade) + 0.5) / max(fade, 1))
            old = before[..., over - begun : over - begun + fade]
            new = samples[..., over - start : over - start + fade]
            # No rounded sum of two parts: where both agree the sample itself is left, and nothing lies beyond both.
            yield torch.cat([before[..., written - begun : over - begun], old.lerp(new, rise.to(old))], dim=-1)
            written = over + fade
        before, begun = samples, start
    if before is not None:
        yield before[..., written - begun :]


def _check(window: int, hop: int) -> None:
    if window < 1 or not 1 <= hop <= window:
        raise ValueError(f"window and hop must be 1 ≤ hop ≤ window samples, got a window of {window} and a hop of {hop}")
