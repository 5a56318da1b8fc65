"""One sound to restore, at the level that it is worked at."""

from dataclasses import dataclass
import math
from pathlib import Path
from typing import Protocol, runtime_checkable

from torch import Tensor

from dap.audio.sound_file import MAX_RATE, read_audio
from dap.dsp.resample import resample
from dap.system.printable import printable


@dataclass(frozen=True)
class Clip:
    """A sound and how it was brought to its level.

    Args:
        name: short and printable, for folders and tables.
        waveform: (channel, time): the reference, or with ``degraded`` the observation. A reference of several sounds that
            are heard at once has a dimension for them before: (source, channel, time).
        sample_rate: Hz.
        gain: what the sound was multiplied with; results are divided by it.
        degraded: True where the sound is already damaged: there is no reference.
        source: where it came from.
        observation: what was heard of it, (channel, time), where that was recorded too: times the same gain, nothing is
            added to it, and the waveform is its reference. None: the task makes the observation.
    """

    name: str
    waveform: Tensor
    sample_rate: int
    gain: float
    degraded: bool
    source: str
    observation: Tensor | None = None


@runtime_checkable
class Dataset(Protocol):
    """A sequence of clips, each read when it is asked for."""

    names: list[str]
    """A short name for each clip, printable, for folders and tables."""

    def __getitem__(self, index: int) -> Clip:
        """The clip; ValueError names the file where it cannot be used."""


def make_clip(
    name: str, waveform: Tensor, sample_rate: int, *, peak: float | None, degraded: bool = False, source: str = ""
) -> Clip:
    """Bring a waveform to the level convention.

    Args:
        peak: largest absolute value over all channels after scaling; None keeps the level.

    Raises:
        ValueError: silence, or a peak that is not positive.

    >>> import torch
    >>> clip = make_clip("click", torch.tensor([[0.0, 0.25]]), 8000, peak=1.0)
    >>> clip.waveform.tolist(), clip.gain
    ([[0.0, 1.0]], 4.0)
    """
    if peak is not None and not (math.isfinite(peak) and peak > 0):
        raise ValueError(f"peak must be above 0 or null, got {peak}")
    highest = float(waveform.abs().max())
    if highest == 0:
        raise ValueError(f"{source or name}: the clip is silent: there is nothing to restore")
    gain = 1.0 if peak is None else peak / highest
    return Clip(name, waveform * gain, sample_rate, gain, degraded, source)


def read_clip(
    path: Path,
    *,
    start: float,
    seconds: float | None,
    sample_rate: int | None,
    peak: float | None,
    degraded: bool,
    mono: bool = False,
) -> Clip:
    """Read, cut, resample and scale a file: see `read_audio` and `make_clip`; ``mono`` averages its channels first.

    Raises:
        ValueError: as these, and times or rates out of range.
    """
    check_part(start, seconds, sample_rate)
    waveform, rate = read_audio(path, start, seconds)
    if mono:
        waveform = waveform.mean(0, keepdim=True)
    if sample_rate is not None:
        waveform, rate = resample(waveform, rate, sample_rate), sample_rate
    return make_clip(printable(path.stem), waveform, rate, peak=peak, degraded=degraded, source=printable(str(path)))


def check_part(start: float, seconds: float | None, sample_rate: int | None) -> None:
    """Refuse times (s) and rates (Hz) that no file has: ValueError.

    >>> check_part(0.0, None, None)
    """
    if not (math.isfinite(start) and start >= 0):
        raise ValueError(f"start must be at least 0 s, got {start}")
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"seconds must be above 0 or null, got {seconds}")
    if sample_rate is not None and not 1 <= sample_rate <= MAX_RATE:
        raise ValueError(f"sample_rate must be from 1 to {MAX_RATE} Hz or null, got {sample_rate}")
