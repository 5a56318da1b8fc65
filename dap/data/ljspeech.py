"""LJSpeech-1.1: 13,100 sentences read by one speaker, 22.05 kHz, public domain."""

from pathlib import Path

from dap.data.download import download_archive
from dap.data.draw import DrawnClips

FOLDER = "LJSpeech-1.1"
URL = "https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2"
SHA256 = "be1a30453f28eb8dd26af4101ae40cbf2c50413b1bb21936cbcdc6fae3de8aa5"


class LJSpeech(DrawnClips):
    """Clips of LJSpeech in its official layout: metadata.csv (id|text|normalised text, a line a clip) and wavs/ID.wav.

    Args:
        path: the folder LJSpeech-1.1, or the one that holds it.
        n_clips, clip_seed, start, seconds, sample_rate, peak: which part of which sentences, see `DrawnClips`. A sentence
            that ends before ``start + seconds`` is passed over (they last 1 to 10 s).
        download: whether to fetch the data set where it is not there: 2.7 GB, and another 3.8 GB unpacked.
        url, sha256: of its archive; a SHA-256 of null leaves the archive unverified.

    Raises:
        ValueError: it is not there, metadata.csv cannot be used, a sound that was drawn is missing or no sound, or fewer
            sentences are long enough than asked for.

    Reference:
        Ito and Johnson, "The LJ Speech Dataset", 2017, https://keithito.com/LJ-Speech-Dataset.
    """

    def __init__(
        self,
        path: str,
        n_clips: int | None = 200,
        clip_seed: int = 0,
        start: float | None = 0.0,
        seconds: float | None = 3.0,
        sample_rate: int | None = None,
        peak: float | None = 1.0,
        download: bool = False,
        url: str = URL,
        sha256: str | None = SHA256,
    ) -> None:
        given = Path(path).expanduser()
        folder = given if given.name == FOLDER or (given / "metadata.csv").exists() else given / FOLDER
        if download and not folder.exists():
            download_archive(url, folder, sha256)
        listing = folder / "metadata.csv"
        if not listing.is_file():
            raise ValueError(
                f"no LJSpeech at {path}: {listing} is not there; unpack {url} into {folder.parent}, "
                "or data.download=true does it (2.7 GB)"
            )
        super().__init__(
            {name: folder / "wavs" / f"{name}.wav" for name in _read_ids(listing)},
            listing,
            n_clips=n_clips,
            clip_seed=clip_seed,
            start=start,
            seconds=seconds,
            sample_rate=sample_rate,
            peak=peak,
        )


def _read_ids(listing: Path) -> list[str]:
    """The first column. It is no CSV by any dialect: quotation marks are text."""
    ids = []
    with open(listing, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            name, bar, _ = line.partition("|")
            if not (name and bar):
                raise ValueError(f"{listing}, line {number}: expected id|text|normalised text, got {line[:40].rstrip()!r}")
            ids.append(name)
    if not ids:
        raise ValueError(f"{listing}: names no clip")
    return ids
