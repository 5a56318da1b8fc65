"""Signals that ask a run to stop, heard between its steps."""

from collections.abc import Callable
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

# Ctrl-C; a shutdown or SLURM's end; SLURM's warning, by its own and by submitit's choice.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2")


class Interruption:
    """While it is entered, a signal is noted instead of obeyed; `obey` hands it to whoever would have had it.

    So a run can finish its step and write a checkpoint first, and a launcher that has handlers of its own (submitit puts the
    job back into the queue) still has its turn. A second Ctrl-C is obeyed at once. Signals that are ignored stay ignored;
    outside the main thread, where Python hears no signals, nothing is done.

    >>> with Interruption() as interruption:
    ...     interruption.signal is None
    True
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
                handler = signal.getsignal(number)
                if handler not in (signal.SIG_IGN, None):
                    self._before[number] = handler
                    signal.signal(number, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def name(self) -> str:
        """Of the signal that came."""
        return "" if self.signal is None else signal.Signals(self.signal).name

    def obey(self) -> None:
        """Do what the signal would have done, or go on where its handler returns.

        Raises:
            KeyboardInterrupt: of Ctrl-C. SystemExit: of the others, with 128 + their number, where nobody else handles them.
        """
        if self.signal is None:
            return
        handler: Callable[[int, FrameType | None], Any] | Any = self._before[self.signal]
        if not callable(handler):
            sys.exit(128 + self.signal)
        handler(self.signal, None)
        self.signal = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal == number == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal = number
        again = "; again: at once, without a checkpoint" if number == signal.SIGINT else ""
        print(f"\ndap-run: {self.name}: stopping after this step{again}", file=sys.stderr, flush=True)
