"""Where the sound of a clip lies, so that parts of it can be read without the rest."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from dap.audio import read_audio, read_length
from dap.dsp.resample import resample

_BLOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Place:
    """A part of a sound file, and what is done to it on reading.

    Args:
        path: of the file.
        start, seconds: the part; None is up to the end.
        sample_rate: Hz to resample to; None keeps the file's.
        peak: largest absolute value of the whole part after scaling; None keeps the level.
        mono: whether to average the channels.
    """

    path: Path
    start: float
    seconds: float | None
    sample_rate: int | None
    peak: float | None
    mono: bool = False

    @property
    def rate(self) -> int:
        """Hz, of what is read."""
        return self.sample_rate or read_length(self.path)[1]

    @property
    def duration(self) -> float:
        """In s, by the file's header.

        Raises:
            ValueError: the file cannot be read, or ends before the part begins.
        """
        n_samples, rate = read_length(self.path)
        there = n_samples / rate - self.start
        if there <= 0:
            raise ValueError(f"{self.path}: nothing to read at start {self.start} s: it lasts {n_samples / rate:.3f} s")
        return there if self.seconds is None else min(there, self.seconds)

    def read(self, start: float, seconds: float) -> Tensor:
        """A part of the part, (channel, time), at `rate` and the file's level; ValueError as `read_audio`."""
        waveform, rate = read_audio(self.path, self.start + start, seconds)
        if self.mono:
            waveform = waveform.mean(0, keepdim=True)
        return waveform if self.sample_rate is None else resample(waveform, rate, self.sample_rate)

    def gain(self) -> float:
        """What the samples are to be multiplied with for `peak`: reads all of them, a minute at a time. 1 for silence."""
        if self.peak is None:
            return 1.0
        highest = max(float(self.read(start, seconds).abs().max()) for start, seconds in parts(self.duration, _BLOCK_SECONDS))
        return self.peak / highest if highest else 1.0


def parts(duration: float, longest: float) -> Iterator[tuple[float, float]]:
    """A duration in equal parts of at most ``longest``, both in s: where each starts, and how long it is.

    >>> list(parts(5.0, 2.0))
    [(0.0, 1.6666666666666667), (1.6666666666666667, 1.6666666666666667), (3.3333333333333335, 1.6666666666666667)]
    """
    n_parts = max(1, -int(-duration // longest))
    for index in range(n_parts):
        yield index * duration / n_parts, duration / n_parts
