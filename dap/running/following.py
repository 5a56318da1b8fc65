"""What restorations and trainings have in common: looks that are followed to the end, or to a signal, and are not lost."""

from collections.abc import Callable, Iterable, Iterator
import contextlib
import time
from types import TracebackType
from typing import Any, Generic, TypeVar

from tqdm import tqdm

from dap.system.interruption import Interruption
from dap.system.memory import is_out_of_memory

Look = TypeVar("Look")


class Following(Generic[Look]):
    """Looks at a work under way, one after another, with a bar, checkpoints now and then, and an ear for signals.

    Between two looks, when the caller has done its part of the first one, ``save`` is called where a checkpoint is due or a
    signal came; then the signal is obeyed. A caller that breaks off saves nothing.

    Args:
        looks: what is yielded.
        save: writes a checkpoint at a look.
        every: s between checkpoints; None for none but those of ``at`` and of a signal.
        interruption: hears the signals while this is entered.
        at: whether a checkpoint is due at a look whatever the time.
        bar: arguments of tqdm.

    >>> with Following(range(3), lambda look: print("saved", look), 0.0, Interruption(), total=3, leave=False) as looks:
    ...     for look in looks:
    ...         print(look)
    0
    saved 0
    1
    saved 1
    2
    saved 2
    """

    def __init__(
        self,
        looks: Iterable[Look],
        save: Callable[[Look], None],
        every: float | None,
        interruption: Interruption,
        at: Callable[[Look], bool] = lambda _: False,
        **bar: Any,
    ) -> None:
        self._looks, self._save, self._every = looks, save, every
        self._interruption, self._at, self._bar = interruption, at, bar

    def __enter__(self) -> "Following[Look]":
        self._interruption.__enter__()
        self._progress = tqdm(self._looks, disable=None, dynamic_ncols=True, **self._bar)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.close()
        self._interruption.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Look]:
        saved = time.monotonic()
        for look in self._progress:
            yield look
            due = self._every is not None and time.monotonic() - saved >= self._every
            if due or self._at(look) or self._interruption.signal:
                self._save(look)
                saved = time.monotonic()
            self._interruption.obey()

    def show(self, values: dict[str, Any]) -> None:
        """Beside the bar."""
        self._progress.set_postfix(values)


@contextlib.contextmanager
def failure_told(write_status: Callable[..., None], interruption: Interruption) -> Iterator[None]:
    """Within, what goes wrong is written, where it can still be: failed, or interrupted, with the reason.

    Want of memory is left to the caller, who can say more once what did not fit is given back.
    """
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            ours = isinstance(error, FloatingPointError | ValueError | OSError)  # whose message says it all
            with contextlib.suppress(OSError):
                write_status("failed", reason=str(error) if ours else f"{type(error).__name__}: {error}")
        raise
    except BaseException as error:
        with contextlib.suppress(OSError):
            write_status("interrupted", reason=interruption.name or type(error).__name__)
        raise
