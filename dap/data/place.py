"""Where the sound of a clip lies, so that parts of it can be read without the rest."""

from dataclasses import dataclass
from itertools import pairwise
import math
from pathlib import Path

from torch import Tensor

from dap.audio.sound_file import read_audio, read_length
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

    def parts(self, longest: float) -> list[tuple[float, float]]:
        """The part, cut into equal ones of at most so many s: where each starts and how long it is, in s, by the file's header.

        Raises:
            ValueError: the file cannot be read, or ends before the part begins.
        """
        n_samples, rate = read_length(self.path)
        there = n_samples - round(self.start * rate)
        if there <= 0:
            raise ValueError(f"{self.path}: nothing to read at start {self.start} s: it lasts {n_samples / rate:.3f} s")
        there = there if self.seconds is None else min(there, round(self.seconds * rate))
        n_parts = max(1, math.ceil(there / (longest * rate)))
        ends = [index * there // n_parts for index in range(n_parts + 1)]
        return [(begin / rate, (end - begin) / rate) for begin, end in pairwise(ends)]

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
        highest = max(float(self.read(start, seconds).abs().max()) for start, seconds in self.parts(_BLOCK_SECONDS))
        return self.peak / highest if highest else 1.0
