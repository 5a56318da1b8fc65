"""A folder of sound files."""

from pathlib import Path

from dap.data.clip import Clip
from dap.data.file import File
from dap.data.place import Place
from dap.system.printable import printable


class Folder:
    """The files of a folder that fit a pattern, in the order of their names.

    Args:
        path: of the folder.
        glob: the pattern; "**/*.wav" looks into subfolders. Of a list of patterns, the files of each in turn.
        n_clips: how many at most; null takes all.
        start, seconds, degraded, sample_rate, peak: of each file, see `File`.
        origin: of a benchmark's folder: what to fetch from where, which is told when it is not there.

    Raises:
        ValueError: no such folder, or no file in it fits.
    """

    def __init__(
        self,
        path: str,
        glob: str | list[str] = "*.flac",
        n_clips: int | None = None,
        start: float = 0.0,
        seconds: float | None = None,
        degraded: bool = False,
        sample_rate: int | None = None,
        peak: float | None = 1.0,
        origin: str | None = None,
    ) -> None:
        folder, advice = Path(path).expanduser(), "" if origin is None else f"; fetch {origin}"
        if not folder.is_dir():
            raise ValueError(f"path must be a folder, got {path}{advice}")
        if n_clips is not None and n_clips < 1:
            raise ValueError(f"n_clips must be at least 1 or null, got {n_clips}")
        paths: list[Path] = []
        for pattern in [glob] if isinstance(glob, str) else glob:
            fitting = sorted(found for found in folder.glob(pattern) if found.is_file())
            if not fitting:
                raise ValueError(f"no file in {path} fits the glob {pattern!r}{advice}")
            paths += [found for found in fitting if found not in paths]
        paths = paths[:n_clips]
        self.files = [File(str(found), start, seconds, degraded, sample_rate, peak) for found in paths]
        self.names = [printable(str(found.relative_to(folder).with_suffix(""))) for found in paths]

    def __getitem__(self, index: int) -> Clip:
        return self.files[index][0]

    def place(self, index: int) -> Place:
        """Where the sound of a file lies."""
        return self.files[index].place(0)
