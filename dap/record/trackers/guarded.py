"""A tracker that can do no harm."""

from collections.abc import Callable
from pathlib import Path
import sys
import threading
from typing import Any

from torch import Tensor

from dap.record.curves import Row
from dap.record.trackers.tracker import Tracker

_SECONDS = 300  # that a call may take: the end of a run can be the upload of all its sounds


class Guarded(Tracker):
    """Passes on to a tracker what it wants, until it fails, or takes 300 s over one thing: then one line on stderr says so and
    it hears no more.

    A server that is away or silent or a disk that is full costs the tracker's record; the run, and its folder, go on.

    >>> class Broken(Tracker):
    ...     def add_row(self, row):
    ...         raise OSError("the server is away")
    >>> Guarded(Broken()).add_row({"step": 0.0})
    """

    def __init__(self, tracker: Tracker) -> None:
        self.tracker: Tracker | None = tracker
        self.every = tracker.every

    def start(self, folder: Path, facts: dict[str, Any]) -> None:
        """See `Tracker`, here and below."""
        self._attempt(lambda tracker: tracker.start(folder, facts))

    def add_row(self, row: Row) -> None:
        if int(row["step"] or 0) % self.every == 0:
            self._attempt(lambda tracker: tracker.add_row(row))

    def add_sound(self, name: str, step: int, waveform: Tensor, sample_rate: int) -> None:
        self._attempt(lambda tracker: tracker.add_sound(name, step, waveform.detach().cpu(), sample_rate))

    def add_picture(self, name: str, png: bytes) -> None:
        self._attempt(lambda tracker: tracker.add_picture(name, png))

    def finish(self, metrics: dict[str, dict[str, Any]], status: str) -> None:
        self._attempt(lambda tracker: tracker.finish(metrics, status))

    def _attempt(self, tell: Callable[[Tracker], None]) -> None:
        """In a thread of its own, which is left behind when the time is up."""
        if self.tracker is None:
            return
        tracker, raised = self.tracker, list[BaseException]()

        def attempt() -> None:
            try:
                tell(tracker)
            except BaseException as error:
                raised.append(error)

        thread = threading.Thread(target=attempt, daemon=True)  # a daemon, because Python would wait for it at its end
        thread.start()
        thread.join(_SECONDS)
        if thread.is_alive():
            reason = f"no answer within {_SECONDS} s"
        elif not raised:
            return
        elif isinstance(raised[0], Exception | SystemExit):  # whatever a library does, but not what the user's Ctrl-C does
            reason = " ".join(f"{type(raised[0]).__name__}: {raised[0]}".split())
        else:
            raise raised[0]
        self.tracker = None
        name = type(tracker).__name__
        print(f"dap-run: warning: {name} failed and is switched off, the run goes on: {reason}", file=sys.stderr, flush=True)
