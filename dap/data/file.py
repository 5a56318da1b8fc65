"""One sound file."""

from pathlib import Path

from dap.data.clip import Clip, read_clip
from dap.data.place import Place
from dap.system.printable import printable


class File:
    """A clip from a file.

    Args:
        path: of the file.
        start, seconds: the part of it, in seconds; null is up to the end.
        degraded: the file is already damaged: nothing is added to it and there is no reference.
        sample_rate: Hz to resample to; null keeps the file's.
        peak: level that the clip is scaled to before anything is done; null keeps it.

    Raises:
        ValueError: on reading, where the file cannot be used.
    """

    def __init__(
        self,
        path: str,
        start: float = 0.0,
        seconds: float | None = None,
        degraded: bool = False,
        sample_rate: int | None = None,
        peak: float | None = 1.0,
    ) -> None:
        self.path = Path(path).expanduser()
        self.names = [printable(self.path.stem)]
        self.start, self.seconds, self.degraded = start, seconds, degraded
        self.sample_rate, self.peak = sample_rate, peak

    def __getitem__(self, index: int) -> Clip:
        return read_clip(
            self.path,
            start=self.start,
            seconds=self.seconds,
            sample_rate=self.sample_rate,
            peak=self.peak,
            degraded=self.degraded,
        )

    def place(self, index: int) -> Place:
        """Where the sound lies."""
        return Place(self.path, self.start, self.seconds, self.sample_rate, self.peak)
