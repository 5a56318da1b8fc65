"""MAESTRO: 200 hours of piano competitions, 44.1 or 48 kHz stereo, CC BY-NC-SA."""

import csv
from pathlib import Path

from dap.data.draw import DrawnClips

_WHERE = "unpack https://storage.googleapis.com/magentadata/datasets/maestro/v3.0.0/maestro-v3.0.0.zip (101 GB) there"


class Maestro(DrawnClips):
    """Excerpts of the pieces of one split, in the official layout: maestro-v3.0.0.csv and YEAR/NAME.wav.

    Each piece gives one excerpt, whose place the seed draws. Only what is drawn needs to be on the disk.

    Args:
        path: the folder that holds the CSV (of any version), or the one that holds that folder.
        split: "train", "validation" or "test".
        n_clips, clip_seed, start, seconds, mono, sample_rate, peak: which part of which pieces, see `DrawnClips`.

    Raises:
        ValueError: it is not there, the CSV cannot be used or has no such split, or what `DrawnClips` finds wrong.

    Reference:
        Hawthorne et al., "Enabling Factorized Piano Music Modeling and Generation with the MAESTRO Dataset", ICLR 2019.
    """

    def __init__(
        self,
        path: str,
        split: str = "test",
        n_clips: int | None = 100,
        clip_seed: int = 0,
        start: float | None = None,
        seconds: float | None = 3.0,
        mono: bool = False,
        sample_rate: int | None = None,
        peak: float | None = 1.0,
    ) -> None:
        folder = Path(path).expanduser()
        found = sorted(folder.glob("maestro-v*.csv")) or sorted(folder.glob("maestro-v*/maestro-v*.csv"))
        if not found:
            raise ValueError(f"no MAESTRO at {path}: maestro-v3.0.0.csv is not there; {_WHERE}")
        if len(found) > 1:
            raise ValueError(
                f"{path} holds several versions of MAESTRO, {', '.join(p.name for p in found)}: give the folder of one"
            )
        listing = found[0]
        super().__init__(
            {str(Path(name).with_suffix("")): listing.parent / name for name in _read_names(listing, split)},
            listing,
            n_clips=n_clips,
            clip_seed=clip_seed,
            start=start,
            seconds=seconds,
            sample_rate=sample_rate,
            peak=peak,
            mono=mono,
        )


def _read_names(listing: Path, split: str) -> list[str]:
    """The column audio_filename of a split's rows."""
    names: dict[str, list[str]] = {}
    with open(listing, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"split", "audio_filename"} - set(reader.fieldnames or [])
        if missing:
            raise ValueError(f"{listing}: has no column {' and '.join(sorted(missing))}: not MAESTRO's list")
        for row in reader:
            if not (row["split"] and row["audio_filename"]):
                raise ValueError(f"{listing}, line {reader.line_num}: a row without split or audio_filename")
            names.setdefault(row["split"], []).append(row["audio_filename"])
    if split not in names:
        raise ValueError(f"split must be one of {', '.join(sorted(names)) or '(none: the list is empty)'}, got {split!r}")
    return names[split]
