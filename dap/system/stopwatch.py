"""Seconds that pass, and that the processor works."""

import time


class Stopwatch:
    """Runs from when it is made.

    >>> watch = Stopwatch()
    >>> watch.add(60.0, 90.0)
    >>> watch.seconds >= 60, watch.cpu_seconds >= 90
    (True, True)
    """

    def __init__(self) -> None:
        self._begun = time.monotonic()  # not the clock, which may be set back
        self._cpu_begun = time.process_time()

    def add(self, seconds: float, cpu_seconds: float) -> None:
        """What passed in an earlier process."""
        self._begun -= seconds
        self._cpu_begun -= cpu_seconds

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    @property
    def cpu_seconds(self) -> float:
        """Of all threads of this process together."""
        return time.process_time() - self._cpu_begun
