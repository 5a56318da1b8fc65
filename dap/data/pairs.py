"""Pairs of a noisy recording and a clean one of the same sound, as VoiceBank-DEMAND has them."""

from dataclasses import replace
from pathlib import Path

from dap.audio.sound_file import read_length
from dap.data.clip import Clip, read_clip
from dap.data.draw import DrawnClips
from dap.system.printable import printable


class Pairs(DrawnClips):
    """The noisy file is the observation, to which nothing is added; the clean one the reference that scores are taken against.

    The level is set by the noisy file (its peak becomes ``peak``) and the clean one takes the same gain, because nobody who
    has only the noisy one could do otherwise. So the reference's own peak may lie anywhere.

    Args:
        noisy, clean: the files, with a * for what tells one pair from the next, and the same in both: VoiceBank's
            noisy_testset_wav/*.wav and clean_testset_wav/*.wav, or in one folder sounds/*_noisy.flac and sounds/*_clean.flac.
            Each noisy file needs its clean one; a clean one without noisy is left out.
        n_clips, clip_seed, start, seconds, sample_rate: which part of which pairs, see `DrawnClips`.
        peak: see `File`.

    Raises:
        ValueError: no file fits, a clean file is missing, or what `DrawnClips` finds wrong; on reading, the two differ in
            length, rate or channels, or one is silent.
    """

    def __init__(
        self,
        noisy: str,
        clean: str,
        n_clips: int | None = None,
        clip_seed: int = 0,
        start: float | None = 0.0,
        seconds: float | None = None,
        sample_rate: int | None = None,
        peak: float | None = 1.0,
    ) -> None:
        noisy_paths, self.clean_paths = _find(noisy, "noisy"), _find(clean, "clean")
        alone = sorted(set(noisy_paths) - set(self.clean_paths))
        if alone:
            raise ValueError(
                f"{noisy_paths[alone[0]]}: no clean file {clean.replace('*', alone[0])} to it ({len(alone)} of them)"
            )
        super().__init__(
            noisy_paths,
            Path(noisy),
            n_clips=n_clips,
            clip_seed=clip_seed,
            start=start,
            seconds=seconds,
            sample_rate=sample_rate,
            peak=peak,
        )

    def place(self, index: int) -> None:
        """None: a clip is of two files."""

    def __getitem__(self, index: int) -> Clip:
        noisy = super().__getitem__(index)
        name = self.names[index]
        path, clean_path = self.paths[name], self.clean_paths[name]
        lengths = read_length(path), read_length(clean_path)
        if lengths[0] != lengths[1]:
            raise ValueError(
                f"{path}: {lengths[0][0]} samples at {lengths[0][1]} Hz, but {clean_path} has {lengths[1][0]} at "
                f"{lengths[1][1]} Hz: not a pair"
            )
        clean = read_clip(
            clean_path,
            start=self._start(name),
            seconds=self.seconds,
            sample_rate=self.sample_rate,
            peak=None,
            degraded=False,
        )
        if clean.waveform.shape != noisy.waveform.shape:
            raise ValueError(
                f"{path}: {noisy.waveform.shape[0]} channels, but {clean_path} has {clean.waveform.shape[0]}: not a pair"
            )
        source = f"{noisy.source}, with {clean_path}"
        return replace(noisy, waveform=noisy.gain * clean.waveform, observation=noisy.waveform, source=source)


def _find(pattern: str, key: str) -> dict[str, Path]:
    """The files that fit, by what their names have in place of the *."""
    path = Path(pattern).expanduser()
    if path.name.count("*") != 1 or "*" in str(path.parent):
        raise ValueError(f"{key} must be a file name with one * in it, as FOLDER/*.wav, got {pattern}")
    if not path.parent.is_dir():
        raise ValueError(
            f"no folder {path.parent} for {key}={pattern}; VoiceBank-DEMAND is at https://datashare.ed.ac.uk/handle/10283/2791"
        )
    head, tail = path.name.split("*")
    found = {}
    for file in path.parent.iterdir():
        middle = file.name[len(head) : len(file.name) - len(tail)]
        if middle and file.name == f"{head}{middle}{tail}" and not file.name.startswith(".") and file.is_file():
            found[printable(middle)] = file
    if not found:
        raise ValueError(f"{key}: no file fits {pattern}")
    return found
