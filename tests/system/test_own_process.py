"""A function in a process of its own: what it gives, what it raises, and how it dies. A wait without an end fails the test."""

import multiprocessing
import os
from pathlib import Path
import signal
import time

import pytest

from dap.system.own_process import CrashedError, call_in_own_process


class UnportableError(Exception):
    """pickle makes it anew from its text alone, and fails."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")


@pytest.fixture(autouse=True)
def _an_end(monkeypatch):
    """A hang becomes an error; a call takes a second or two. And the new process finds this module."""

    def give_up(number, frame):
        pytest.fail("still waiting after 60 s")

    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2]))
    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def refuse(code: int) -> None:
    raise ValueError(f"code must be 0, got {code}")


def refuse_unportably(code: int) -> None:
    raise UnportableError(code, "is not 0")


def die_of(number: int) -> None:
    os.kill(os.getpid(), number)


def test_the_result_comes_from_another_process():
    assert call_in_own_process(os.getpid) != os.getpid()


def test_a_large_result_arrives_whole():
    """More than a pipe holds at a time, 64 KiB."""
    assert call_in_own_process(bytes, 10**7) == bytes(10**7)


def test_its_exception_is_raised_here_with_the_place():
    with pytest.raises(ValueError, match="code must be 0") as caught:
        call_in_own_process(refuse, 3)
    assert str(caught.value) == "code must be 0, got 3"
    assert "in refuse" in caught.value.__notes__[0]


def test_an_exception_that_pickle_cannot_carry():
    with pytest.raises(RuntimeError, match=r"^UnportableError: 3: is not 0\nIn a process of its own:"):
        call_in_own_process(refuse_unportably, 3)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_process_that_is_killed(number):
    with pytest.raises(CrashedError, match=rf"^crashed \(signal {number:d}\)$"):
        call_in_own_process(die_of, number)


def test_a_process_that_exits():
    with pytest.raises(CrashedError, match=r"^crashed \(exit code 3\)$"):
        call_in_own_process(os._exit, 3)


def test_no_process_is_left_when_the_caller_is_interrupted():
    signal.signal(signal.SIGALRM, signal.default_int_handler)  # as Ctrl-C is
    signal.alarm(2)
    with pytest.raises(KeyboardInterrupt):
        call_in_own_process(time.sleep, 600)
    assert not multiprocessing.active_children()
