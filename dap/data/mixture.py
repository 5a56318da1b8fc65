"""Several recordings, heard at once: what to take apart is known."""

from dataclasses import replace
import math
from pathlib import Path

import torch

from dap.data.clip import Clip, make_clip, read_clip
from dap.dsp.resample import resample
from dap.system.printable import printable


class Mixture:
    """One clip of several sources, (source, channel, time), whose sum task=separation takes for the observation.

    Each recording is brought to the same root mean square, then to its level; then all of them by one gain so that the sum
    has the peak that was asked for. They are cut to the shortest.

    Args:
        paths: the recordings, two or more.
        levels_db: of each, dB; None is 0 dB for all.
        start: s, where each begins: one number for all, or a list.
        seconds: length of the part of each; None is up to the end of the shortest.
        sample_rate: Hz to resample to; None is the first recording's.
        mono: whether to average the channels of each.
        peak: level that the mixture is scaled to; None leaves the first recording as it is, and the others follow.

    Raises:
        ValueError: fewer than two paths, as many levels or starts as no paths; on reading, what `read_clip` finds wrong, and
            recordings that differ in their number of channels.
    """

    def __init__(
        self,
        paths: list[str],
        levels_db: list[float] | None = None,
        start: float | list[float] = 0.0,
        seconds: float | None = None,
        sample_rate: int | None = None,
        mono: bool = True,
        peak: float | None = 1.0,
    ) -> None:
        if len(paths) < 2:
            raise ValueError(f"paths must be two recordings or more, got {paths}")
        starts = list(start) if isinstance(start, list | tuple) else [start] * len(paths)
        levels = [0.0] * len(paths) if levels_db is None else list(levels_db)
        for name, values in (("levels_db", levels), ("start", starts)):
            if len(values) != len(paths):
                raise ValueError(f"{name} must be one number for each of the {len(paths)} paths, got {values}")
        if not all(math.isfinite(level) for level in levels):
            raise ValueError(f"levels_db must be finite numbers of dB, got {levels}")
        self.paths, self.levels_db, self.starts = [Path(path).expanduser() for path in paths], levels, starts
        self.seconds, self.sample_rate, self.mono, self.peak = seconds, sample_rate, mono, peak
        self.names = [printable("+".join(path.stem for path in self.paths))]

    def __getitem__(self, index: int) -> Clip:
        clips = [
            read_clip(path, start=start, seconds=self.seconds, sample_rate=None, peak=None, degraded=False, mono=self.mono)
            for path, start in zip(self.paths, self.starts, strict=True)
        ]
        rate = self.sample_rate or clips[0].sample_rate
        sounds = [resample(clip.waveform, clip.sample_rate, rate) for clip in clips]  # (channel, time) each
        channels = [sound.shape[0] for sound in sounds]
        if len(set(channels)) > 1:
            raise ValueError(f"{', '.join(map(str, self.paths))}: {channels} channels: take data.mono=true")
        shortest = min(sound.shape[-1] for sound in sounds)
        loudness = float(sounds[0].square().mean().sqrt())
        sources = torch.stack(
            [
                sound[:, :shortest] * (10 ** (level / 20) * loudness / float(sound.square().mean().sqrt()))
                for sound, level in zip(sounds, self.levels_db, strict=True)
            ]
        )  # (source, channel, time)
        source = " + ".join(clip.source for clip in clips)
        mixed = make_clip(self.names[0], sources.sum(0), rate, peak=self.peak, source=source)
        return replace(mixed, waveform=sources * mixed.gain)
