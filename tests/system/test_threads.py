"""How many threads a command computes with, and how they wait."""

import json
import os
import subprocess
import sys

import pytest
import torch

from dap.system.threads import available_cores, set_threads
from tests.processes import dap_run


@pytest.fixture
def no_launcher(monkeypatch):
    """As on a machine where nobody said how many threads; torch's number is put back afterwards."""
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("several", "expected"), [(True, available_cores()), (False, 1)])
def test_by_default_a_network_has_a_thread_a_core_and_a_filter_one(several, expected, no_launcher):
    set_threads(None, several)
    assert torch.get_num_threads() == expected


def test_a_launchers_number_stands(no_launcher, monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    set_threads(None, several=True)
    assert torch.get_num_threads() == 1


def test_a_slurm_tasks_share_is_heeded_where_slurm_binds_nothing(monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    assert available_cores() == 1


@pytest.mark.parametrize(
    ("threads", "message"), [(0, "at least 1 or null, got 0"), (10**6, f"at most {available_cores()}, .*, got 1000000")]
)
def test_a_number_that_cannot_be_is_refused(threads, message):
    with pytest.raises(ValueError, match=rf"^threads: must be {message}$"):
        set_threads(threads, several=True)


def test_more_threads_than_cores_begin_nothing(tmp_path):
    run = dap_run("threads=1000000", folder=tmp_path)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert "threads: must be at most" in run.stderr
    assert not list(tmp_path.rglob("run.json"))


@pytest.mark.slow
@pytest.mark.parametrize(("method", "threads"), [("restore", 1), ("deep_prior", available_cores())])
def test_a_run_says_how_many_it_had(method, threads, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    command = [
        sys.executable,
        "-m",
        "dap.commands.run",
        f"method={method}",
        "size.width=2",
        "size.n_fft=126",
        "size.hop_length=32",
    ]
    command += ["steps=1", "data=tones", f"hydra.run.dir={tmp_path}"]
    subprocess.run(command, cwd=tmp_path, env=dict(os.environ), check=True, timeout=300, capture_output=True)
    assert json.loads((tmp_path / "run.json").read_text())["threads"] == threads


def test_the_commands_threads_are_told_how_to_wait():
    """The variable is there before torch is loaded, which reads it once."""
    for module in ("run", "restore"):
        code = (
            "import sys, dap.system.threads\n"
            "def seen():\n    print('torch' in sys.modules)\n    raise SystemExit(0)\n"
            f"import dap.commands.{module} as command\n"
            "command.wait_briefly = seen\n"
            "sys.argv = ['dap', 'x.wav', '--out', 'o']\n"
            "command.main()\n"
        )
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
        assert told.stdout == "False\n"
