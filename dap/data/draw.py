"""Some of the sounds of a collection, chosen by a seed, and a part of each."""

from collections.abc import Mapping
from dataclasses import replace
import hashlib
from pathlib import Path

from dap.audio.sound_file import read_length
from dap.data.clip import Clip, check_part, read_clip
from dap.data.place import Place
from dap.system.printable import printable


class DrawnClips:
    """``n_clips`` of a collection's sounds, those that are long enough.

    What is drawn depends on the seed and on the names alone: a sound's rank is a hash of both, so the draw is the same on
    every machine and with every version of Python and torch, and the first 20 of 200 clips are the 20 of n_clips = 20. A
    sound that ends before the part asked for is passed over, by its header.

    Args:
        paths: the collection: each sound's name, and its file.
        listing: what named them, for messages.
        n_clips: how many; None takes all that are long enough, in the order of their names.
        clip_seed: of the draw. The network, its latent and the noise have a seed of their own.
        start: s, of the part of each sound; None draws it by the seed, to the millisecond.
        seconds: length of the part; None is up to the end (and from the beginning, if ``start`` is None).
        mono: whether to average the channels.
        sample_rate, peak: see `File`.

    Raises:
        ValueError: an argument out of range, a file that is missing or cannot be read, or fewer long enough than asked for.
    """

    def __init__(
        self,
        paths: Mapping[str, Path],
        listing: Path,
        *,
        n_clips: int | None,
        clip_seed: int,
        start: float | None,
        seconds: float | None,
        sample_rate: int | None,
        peak: float | None,
        mono: bool = False,
    ) -> None:
        check_part(start or 0.0, seconds, sample_rate)
        if n_clips is not None and n_clips < 1:
            raise ValueError(f"n_clips must be at least 1 or null, got {n_clips}")
        if clip_seed < 0:
            raise ValueError(f"clip_seed must be at least 0, got {clip_seed}")
        paths = {printable(name): path for name, path in paths.items()}
        self.paths, self.clip_seed, self.start, self.seconds = paths, clip_seed, start, seconds
        self.sample_rate, self.peak, self.mono = sample_rate, peak, mono
        self.names: list[str] = []
        for name in sorted(paths) if n_clips is None else sorted(paths, key=self._rank):
            if not paths[name].is_file():
                raise ValueError(f"{paths[name]}: no such file, though {listing} names it")
            if self._is_long_enough(paths[name]):
                self.names.append(name)
            if len(self.names) == n_clips:
                break
        if len(self.names) < (n_clips or 1):
            asked = "" if n_clips is None else f"n_clips is {n_clips}, but "
            long = "" if not (start or seconds) else f" that last {(start or 0) + (seconds or 0):g} s"
            raise ValueError(f"{asked}{listing} has {len(self.names)} sounds{long}, of {len(paths)} in all")

    def __getitem__(self, index: int) -> Clip:
        name = self.names[index]
        start = self._start(name)
        clip = read_clip(
            self.paths[name],
            start=start,
            seconds=self.seconds,
            sample_rate=self.sample_rate,
            peak=self.peak,
            degraded=False,
            mono=self.mono,
        )
        part = "" if self.seconds is None and start == 0 else f", from {start:.3f} s on"
        return replace(clip, name=name, source=f"{clip.source}{part}")

    def place(self, index: int) -> Place | None:
        """Where the sound of a clip lies; None where a clip is more than a part of a file."""
        name = self.names[index]
        return Place(self.paths[name], self._start(name), self.seconds, self.sample_rate, self.peak, self.mono)

    def _rank(self, name: str) -> tuple[float, str]:
        return uniform(self.clip_seed, name), name

    def _is_long_enough(self, path: Path) -> bool:
        if self.seconds is None and not self.start:
            return True  # whatever its length: its header need not be read
        n_samples, rate = read_length(path)
        first = round((self.start or 0) * rate)
        return n_samples - first >= (1 if self.seconds is None else round(self.seconds * rate))

    def _start(self, name: str) -> float:
        """Of the part, in s."""
        if self.start is not None or self.seconds is None:
            return self.start or 0.0
        n_samples, rate = read_length(self.paths[name])
        return int(uniform(self.clip_seed, name, "start") * (n_samples / rate - self.seconds) * 1000) / 1000


def uniform(seed: int, *words: str) -> float:
    """A number from 0 up to 1 that a seed and some words decide: 53 bits of their SHA-256.

    >>> uniform(0, "LJ001-0001") == uniform(0, "LJ001-0001") != uniform(1, "LJ001-0001")
    True
    """
    digest = hashlib.sha256("\n".join([str(seed), *words]).encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53
