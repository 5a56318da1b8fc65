"""MUSIC: solos and duets of 11 instruments from YouTube, the data set of "The Sound of Pixels"."""

from pathlib import Path

from dap.data.draw import DrawnClips

_SUFFIXES = (".flac", ".mp3", ".ogg", ".wav")  # what a sound of it may have been kept as
_WHERE = "https://github.com/roudimit/MUSIC_dataset lists the videos; put their sound into PATH/INSTRUMENT/ID.wav"


class Music(DrawnClips):
    """Excerpts of MUSIC's audio tracks: a folder for each instrument, with the sounds of its videos, INSTRUMENT/ID.wav.

    The videos are fetched by the user, whose list of what is still online is not the paper's. Each gives one excerpt, whose
    place the seed draws; all are drawn alike, so an instrument with many videos has many clips. Of a sound that is there in
    several formats one is used.

    Args:
        path: the folder of the instruments' folders.
        instruments: which of these to use; None uses all.
        n_clips, clip_seed, start, seconds, mono, sample_rate, peak: which part of which sounds, see `DrawnClips`.

    Raises:
        ValueError: there is no such folder or instrument, or what `DrawnClips` finds wrong.

    Reference:
        Zhao et al., "The Sound of Pixels", ECCV 2018.
    """

    def __init__(
        self,
        path: str,
        instruments: list[str] | None = None,
        n_clips: int | None = 200,
        clip_seed: int = 0,
        start: float | None = None,
        seconds: float | None = 3.0,
        mono: bool = False,
        sample_rate: int | None = None,
        peak: float | None = 1.0,
    ) -> None:
        folder = Path(path).expanduser()
        if not folder.is_dir():
            raise ValueError(f"no MUSIC at {path}: no such folder; {_WHERE}")
        there = sorted(inner.name for inner in folder.iterdir() if inner.is_dir() and not inner.name.startswith("."))
        unknown = sorted(set(instruments or []) - set(there))
        if unknown:
            raise ValueError(f"no instrument {', '.join(unknown)} in {path}, which has {', '.join(there) or 'no folder'}")
        paths = {}
        for instrument in there if instruments is None else instruments:
            for found in sorted((folder / instrument).rglob("*")):
                if found.suffix.lower() in _SUFFIXES and not found.name.startswith("."):
                    paths[str(found.relative_to(folder).with_suffix(""))] = found
        if not paths:
            raise ValueError(f"no MUSIC at {path}: no sound in a subfolder; {_WHERE}")
        super().__init__(
            paths,
            folder,
            n_clips=n_clips,
            clip_seed=clip_seed,
            start=start,
            seconds=seconds,
            sample_rate=sample_rate,
            peak=peak,
            mono=mono,
        )
