"""A function called in a process of its own: if that process dies, the caller is told, and does not wait for ever."""

from collections.abc import Callable
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
import traceback
from typing import Any, TypeVar

Result = TypeVar("Result")
_SECONDS_TO_DIE = 30  # for a process that has closed its end of the pipe, until its exit code is there


class CrashedError(RuntimeError):
    """A process died before its function returned: "crashed (signal 11)"."""


def call_in_own_process(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function in a new process, spawned rather than forked, so that it shares no memory and no threads with this one.

    Args:
        function: of a module, so that the new process can import it; it, its arguments and its result can be pickled.
        arguments: what it is called with.

    Raises:
        CrashedError: the process died, by a signal (11: segmentation fault; 9: killed, perhaps because memory ran out) or
            by exiting.
        Exception: what the function raises, with the traceback from its process as a note; a RuntimeError with the type and
            the text of an exception that cannot be pickled.

    >>> import math
    >>> call_in_own_process(math.gcd, 12, 18)
    6
    >>> import os, signal
    >>> call_in_own_process(signal.raise_signal, signal.SIGKILL)
    Traceback (most recent call last):
    dap.system.own_process.CrashedError: crashed (signal 9)
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sender, function, arguments))
    process.start()
    sender.close()  # only the new process holds it now: once that is dead, receiving ends
    answer: tuple[Result, Exception | None] | None = None
    try:
        answer = receiver.recv()
    except (EOFError, OSError):  # nothing came, or half an answer
        process.join(_SECONDS_TO_DIE)
    finally:
        receiver.close()
        process.kill()  # it is dead, has answered, or nobody waits for it any more
        process.join()
    if answer is None:
        code = process.exitcode or 0
        raise CrashedError(f"crashed (signal {-code})" if code < 0 else f"crashed (exit code {code})")
    result, error = answer
    if error is not None:
        raise error
    return result


def _answer(sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    result, raised = None, None
    try:
        result = function(*arguments)
    except Exception as error:
        raised = _portable(error)
    sender.send((result, raised))


def _portable(error: Exception) -> Exception:
    """The exception with its traceback as text; a RuntimeError in place of one that pickle cannot carry."""
    try:
        ForkingPickler.loads(ForkingPickler.dumps(error))
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"In a process of its own:\n{traceback.format_exc()}")
    return error
