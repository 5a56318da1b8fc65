"""Mixtures of a target instrument and another, for training a separation and for testing it on an instrument never heard."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from dap.audio.sound_file import read_audio
from dap.data.clip import Clip, check_part, make_clip
from dap.data.draw import uniform
from dap.dsp.resample import resample
from dap.system.printable import printable

_SUFFIXES = (".flac", ".mp3", ".ogg", ".wav")
_LEAST_RMS = 0.1  # of an excerpt, relative to its sound's: below it there is next to nothing in it to take apart
_DRAWS = 50  # until an excerpt is loud enough

KINDS = ("holdout", "seen")
SPLITS = ("time", "file")


@dataclass(frozen=True)
class Sound:
    """One recording's part for training or for testing: (time,), root mean square 1."""

    name: str
    samples: Tensor


class Instruments:
    """Mix-and-Separate: clips of (source, channel, time) = (2, 1, time), the target first, the other instrument second.

    One instrument is held out: nothing of it is used in training. The clips are test mixtures, of sounds that training does not
    use either: the target with the held-out instrument, or (``test="seen"``) with those that it was trained on. The target and
    the other are equally loud (root mean square) in every test mixture. What is drawn depends on the seed and on names alone.

    Args:
        path: folder of the sounds, with a folder for each instrument: PATH/violin/ID.wav.
        files: instead, for a folder of files, the instruments: of each a pattern or a list of them, {violin: "*violin*"}.
        target: the instrument to take out of the mixtures.
        holdout: the instrument that is not trained on; None holds none out.
        test: what the clips are mixtures of: "holdout" or "seen".
        split: "file": of each instrument ``test_share`` of the files are for testing alone; "time": of each file the end.
        test_share: the share that is for testing, above 0 and below 1 (the paper: 0.1).
        n_clips: test mixtures.
        clip_seed: of their draw.
        seconds: length of an excerpt.
        sample_rate: Hz to resample to.
        peak: level that each test mixture is scaled to.

    Raises:
        ValueError: a setting out of range, no such instrument, or one with too little sound.

    Reference: Zhao et al., "The Sound of Pixels", ECCV 2018; Zhang et al., ICLR 2020, Sec. 4.4.
    """

    def __init__(  # noqa: C901, PLR0912 (a check after another)
        self,
        path: str,
        files: dict[str, str | list[str]] | None = None,
        target: str = "violin",
        holdout: str | None = None,
        test: str = "holdout",
        split: str = "file",
        test_share: float = 0.1,
        n_clips: int = 20,
        clip_seed: int = 0,
        seconds: float = 1.0,
        sample_rate: int = 11025,
        peak: float | None = 1.0,
    ) -> None:
        check_part(0.0, seconds, sample_rate)
        if not 0 < test_share < 1:
            raise ValueError(f"test_share must be above 0 and below 1, got {test_share}")
        if n_clips < 1:
            raise ValueError(f"n_clips must be at least 1, got {n_clips}")
        for name, value, options in (("test", test, KINDS), ("split", split, SPLITS)):
            if value not in options:
                raise ValueError(f"{name} must be one of {', '.join(options)}, got {value!r}")
        if test == "holdout" and holdout is None:
            raise ValueError("test=holdout needs an instrument to hold out: give data.holdout, or data.test=seen")
        found = _find(Path(path).expanduser(), files)
        for name in (target, *([] if holdout is None else [holdout])):
            if name not in found:
                raise ValueError(f"no instrument {name} in {path}, which has {', '.join(found) or 'none'}")
        if target == holdout or len(set(found) - {holdout}) < 2:
            raise ValueError(f"{path}: needs the target, another instrument to train with, and holdout apart from both")
        self.target, self.holdout, self.sample_rate, self.peak = target, holdout, sample_rate, peak
        self.clip_seed, self.n_samples = clip_seed, round(seconds * sample_rate)
        self.training: dict[str, list[Sound]] = {}
        self.testing: dict[str, list[Sound]] = {}
        for instrument, paths in found.items():
            parts = _split(paths, split, test_share, clip_seed)
            if instrument == holdout:
                parts = [(one, 0.0, 0.0) for one in paths]  # all of it is unheard
            for place, which in ((self.training, 0), (self.testing, 1)):
                place[instrument] = self._read(parts, bool(which))
        self.training.pop(str(holdout), None)
        partners = [holdout] if test == "holdout" else [name for name in self.training if name != target]
        self.partners = [str(partners[index % len(partners)]) for index in range(n_clips)]
        for name in (target, *self.partners):
            if not self.testing[name] or (name != holdout and not self.training[name]):
                raise ValueError(f"{path}: {name} has less than {seconds:g} s to train on or to test with (split={split})")
        self.training = {name: sounds for name, sounds in self.training.items() if sounds}
        self.names = [f"{index:03d}_{printable(f'{target}+{name}')}" for index, name in enumerate(self.partners)]

    def __getitem__(self, index: int) -> Clip:
        generator = torch.Generator().manual_seed(int(uniform(self.clip_seed, self.names[index]) * 2**53))
        sounds = [self.testing[self.target], self.testing[self.partners[index]]]
        excerpts = [draw_excerpt(of_one, self.n_samples, generator) for of_one in sounds]
        sources = torch.stack([samples for _, samples in excerpts])[:, None]  # (source, 1, time)
        source = " + ".join(name for name, _ in excerpts)
        mixed = make_clip(self.names[index], sources.sum(0), self.sample_rate, peak=self.peak, source=source)
        return replace(mixed, waveform=sources * mixed.gain)

    def _read(self, parts: list[tuple[Path, float, float]], testing: bool) -> list[Sound]:
        """Of each file the part for training, up to the first share, or for testing, from the second share on."""
        sounds = []
        for path, end, start in parts:
            waveform, rate = read_audio(path)
            samples = resample(waveform.mean(0, keepdim=True), rate, self.sample_rate)[0]
            first, last = (round(start * len(samples)), len(samples)) if testing else (0, round(end * len(samples)))
            samples = samples[first:last]
            if len(samples) >= self.n_samples and samples.any():
                sounds.append(Sound(printable(path.stem), samples / samples.square().mean().sqrt()))
        return sounds


def draw_excerpt(sounds: list[Sound], n_samples: int, generator: torch.Generator) -> tuple[str, Tensor]:
    """The name and place of a part of one of the sounds, and its samples, (n_samples,), at root mean square 1.

    One that is nearly silent is drawn again.

    >>> sound = Sound("a", torch.tensor([1.0, -1.0, 1.0, -1.0]))
    >>> draw_excerpt([sound], 4, torch.Generator())[1].tolist()
    [1.0, -1.0, 1.0, -1.0]
    """
    for _ in range(_DRAWS):
        sound = sounds[int(torch.randint(len(sounds), (1,), generator=generator))]
        start = int(torch.randint(len(sound.samples) - n_samples + 1, (1,), generator=generator))
        samples = sound.samples[start : start + n_samples]
        rms = float(samples.square().mean().sqrt())
        if rms >= _LEAST_RMS:
            return f"{sound.name} from sample {start}", samples / rms
    raise ValueError(f"{sound.name}: no part of {n_samples} samples of it is loud enough")


def _find(folder: Path, files: dict[str, str | list[str]] | None) -> dict[str, list[Path]]:
    """The sounds of each instrument, in the order of their names."""
    if not folder.is_dir():
        raise ValueError(f"no such folder: {folder}")
    if files is None:
        files = {inner.name: f"{inner.name}/**/*" for inner in sorted(folder.iterdir()) if inner.is_dir()}
    found = {}
    for instrument, patterns in files.items():
        paths = {path for pattern in ([patterns] if isinstance(patterns, str) else patterns) for path in folder.glob(pattern)}
        sounds = sorted(path for path in paths if path.suffix.lower() in _SUFFIXES and not path.name.startswith("."))
        if sounds:
            found[instrument] = sounds
    return found


def _split(paths: list[Path], split: str, share: float, seed: int) -> list[tuple[Path, float, float]]:
    """Of each file: the share of it up to which it is trained on, and the share from which on it is tested with."""
    if split == "time":
        return [(path, 1 - share, 1 - share) for path in paths]
    ranked = sorted(paths, key=lambda path: uniform(seed, path.stem))
    n_tests = max(1, round(share * len(paths)))
    return [(path, 0.0, 0.0) if index < n_tests else (path, 1.0, 1.0) for index, path in enumerate(ranked)]
