"""How many threads torch computes with, and how they wait. It imports torch only where it sets it up."""

from collections.abc import Iterator
import contextlib
import os
from pathlib import Path
import threading

_lock = threading.Lock()
_before: list[int] = []  # torch's number outside of every `one_thread`, once for each that is entered


def wait_briefly() -> None:
    """Let torch's threads soon sleep where they wait for each other, unless OMP_WAIT_POLICY says how; before torch is loaded.

    By default they spin for milliseconds, which is fastest on an idle machine; beside other programs, each of which takes a
    core away now and then, all the others spin until it comes back: two to three times as slow. Where they sleep at once, each
    of a step's thousands of waits costs a waking: up to twice as slow on the idle machine. So: as many turns as libgomp itself
    allows where there are more threads than cores (GOMP_SPINCOUNT in its manual); measured in docs/results.md.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def available_cores() -> int:
    """Cores that this process may use: of its affinity, its SLURM task's share and its control group (containers).

    >>> 1 <= available_cores() <= os.cpu_count()
    True
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = os.environ.get("SLURM_CPUS_PER_TASK", "")  # not every SLURM binds its tasks to their cores
    if share.isdigit():
        cores = max(1, min(cores, int(share)))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no such file, or "max"
        return cores


def set_threads(threads: int | None, several: bool) -> None:
    """Set up how many threads torch computes with in this process.

    Args:
        threads: as many; None: OMP_NUM_THREADS, which launchers set, and where it is not set one a core or a single one.
        several: whether it is one a core: for networks. Filters work on too little at a time to gain by it.

    Raises:
        ValueError: below 1, or more than there are cores.
    """
    import torch  # here, because torch takes longer to import than --help to answer

    cores = available_cores()
    if threads is None:
        if os.environ.get("OMP_NUM_THREADS", ""):
            return
        threads = cores if several else 1
    if threads < 1:
        raise ValueError(f"threads: must be at least 1 or null, got {threads}")
    if threads > cores:
        raise ValueError(f"threads: must be at most {cores}, the cores that this process may use, or null, got {threads}")
    torch.set_num_threads(threads)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Within, torch computes with one thread, and afterwards with as many as before; also where Python's threads overlap in it.

    >>> import torch
    >>> before = torch.get_num_threads()
    >>> with one_thread():
    ...     print(torch.get_num_threads())
    1
    >>> torch.get_num_threads() == before
    True
    """
    import torch  # here for the same reason

    with _lock:
        _before.append(_before[0] if _before else torch.get_num_threads())
    torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            torch.set_num_threads(_before.pop())
