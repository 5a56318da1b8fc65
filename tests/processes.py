"""The command in a process of its own, made by a server that has imported everything: the installed one without its start."""

from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
import ctypes
from functools import cache
import io
import multiprocessing
from multiprocessing.context import ForkServerContext
import os
from pathlib import Path
import subprocess
import sys
import tempfile

import pytest
import torch

from dap.commands.run import main
from dap.config.multirun import exit_codes

REPOSITORY = Path(__file__).resolve().parents[1]
SECONDS = 600  # after which a command is taken to hang


def dap_run(*arguments: str, folder: Path, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    """Run dap-run in a folder; ``before`` is called in the new process, and must be a function of a module.

    From one thread alone: another one that starts a process would take this one's exit code (255 is what is left).
    """
    with tempfile.TemporaryDirectory() as outputs:
        process = _server().Process(target=_run, args=(list(arguments), folder, Path(outputs), before))
        process.start()
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(["dap-run", *arguments], SECONDS)
        out, err = ((Path(outputs) / name).read_text() for name in ("out", "err"))
        return subprocess.CompletedProcess(["dap-run", *arguments], process.exitcode, out, err)


def dap_run_here(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run dap-run in this process, quicker still: for what is refused before any work."""
    out, err, threads = io.StringIO(), io.StringIO(), torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.setattr("sys.argv", ["dap-run", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
    torch.set_num_threads(threads)
    exit_codes.clear()  # of the process, for a command that ends it
    assert isinstance(end.value.code, int)
    return subprocess.CompletedProcess(["dap-run", *arguments], end.value.code, out.getvalue(), err.getvalue())


def as_an_ordinary_user() -> None:
    """Root reads and writes everything; without these two capabilities it obeys the mode bits like anybody. And has no GPU."""
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP: for what is executed from here on
    capabilities = (ctypes.c_uint32 * 6)()
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, of this process
    libc.capget(header, capabilities)
    for index in (0, 1):  # effective, permitted
        capabilities[index] &= ~0b110
    assert libc.capset(header, capabilities) == 0


@cache
def _server() -> ForkServerContext:
    """Started anew from this interpreter, so nothing that tests did, torch's threads above all, is in its children."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if str(REPOSITORY) not in sys.path:
        sys.path.append(str(REPOSITORY))  # the children's too, to find this module
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "tests.processes",
            "dap.running.experiment",
            "dap.record.plots",
            "dap.methods.prior.deep_prior",
            "dap.models.spectrogram_unet",
            "torch._dynamo",  # which torch's optimizers import when the first is made, and pystoi all of scipy.signal: seconds
            "pystoi",
        ]
    )
    return context


def _run(arguments: list[str], folder: Path, outputs: Path, before: Callable[[], None] | None) -> None:
    os.chdir(folder)
    for stream, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(outputs / name, os.O_WRONLY | os.O_CREAT), stream)
    sys.stdout, sys.stderr = (open(stream, "w", closefd=False) for stream in (1, 2))  # noqa: SIM115
    if before is not None:
        before()
    sys.argv = ["dap-run", *arguments]
    main()
