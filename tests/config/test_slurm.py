"""A sweep on a real SLURM, of one node on this machine: one run is requeued, one is killed, and nothing is lost.

Needs root, and Debian's packages slurm-wlm and munge, which it installs where it can.
"""

from collections.abc import Callable, Iterator
import csv
import json
import os
from pathlib import Path
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from dap.record.checkpoint import read_checkpoint
from tests.conftest import REPOSITORY, installed_dap_run

N_RUNS = 4
STEPS = 600  # a run that is requeued goes on for a second or two, some 130 of them
SETTINGS = ["model=spectrogram_unet", "size.width=2", "size.n_fft=126", "size.hop_length=32", f"steps={STEPS}", "device=cpu"]
SETTINGS += [f"snapshot_every={STEPS}", "data.seconds=0.5", "checkpoint_seconds=0.2", "stop_early=false", "stopping=fixed"]
SLURM = ["hydra/launcher=submitit_slurm", "hydra.launcher.gpus_per_node=null", "hydra.launcher.cpus_per_task=1"]
SLURM += ["hydra.launcher.mem_gb=1", "hydra.launcher.timeout_min=30"]
PACKAGES = ["slurm-wlm", "munge"]
SCRIPT = REPOSITORY / "tests" / "slurm_up.sh"


def install() -> None:
    """Debian's SLURM, or a skip that says why not."""
    if os.geteuid() != 0:
        pytest.skip("a SLURM of our own needs root")
    if shutil.which("slurmctld", path=f"{os.environ['PATH']}:/usr/sbin"):
        return
    if not shutil.which("apt-get"):
        pytest.skip("no slurmctld here, and no apt-get to install it with")
    command = ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        subprocess.run(["apt-get", "update"], capture_output=True, check=False)
    pytest.skip(f"{' '.join(PACKAGES)} cannot be installed: {done.stderr.strip().splitlines()[-1]}")


def free_ports() -> int:
    """The first of two ports, one after the other, that nobody listens at."""
    for port in range(16817, 17817, 2):
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no free ports")


@pytest.fixture
def cluster(tmp_path_factory, monkeypatch) -> Iterator[Path]:
    """The folder of a SLURM that runs; it is taken down whatever happens."""
    install()
    folder = tmp_path_factory.mktemp("slurm")
    monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
    try:
        up = [str(SCRIPT), "up", str(folder), str(free_ports())]
        done = subprocess.run(up, capture_output=True, text=True, timeout=90, check=False)
        logs = "".join(path.read_text()[-2000:] for path in folder.glob("log/*.log"))
        assert done.returncode == 0, done.stderr + logs
        yield folder
    finally:
        subprocess.run(["scancel", "--user=root"], capture_output=True, timeout=30, check=False)
        subprocess.run([str(SCRIPT), "down", str(folder)], timeout=90, check=True)


def ask(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def wait(condition: Callable[[], bool], seconds: float, what: str) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def task_process(array_task: int) -> int:
    """The process that runs a task of the job array."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (path / "cmdline").read_bytes(), (path / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"submitit.core._submit" in command and command.startswith(sys.executable.encode()):
            wanted = {f"SLURM_ARRAY_TASK_ID={array_task}", f"SLURM_CONF={os.environ['SLURM_CONF']}", "SLURM_PROCID=0"}
            if {item.encode() for item in wanted} <= set(environment):
                return int(path.name)
    raise AssertionError(f"no process of task {array_task}")


def facts(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


def steps_kept(run: Path) -> int:
    """How many steps a run that is killed now would not have to make again."""
    if not (run / "checkpoint.pt").exists():
        return 0
    state = read_checkpoint(run, facts(run)["identity"])
    return 0 if state is None else state["method"]["fit"]["next_step"] - 1


def tell(line: str) -> None:
    """For the test's log."""
    print(f"slurm: {time.strftime('%H:%M:%S')} {line}")


@pytest.mark.slow
def test_a_sweep_survives_a_requeue_and_a_kill(cluster, tmp_path):
    command = ["-m", *SETTINGS, f"seed=range(0,{N_RUNS})", *SLURM, "hydra.sweep.dir=out"]
    out = tmp_path / "out"
    with open(tmp_path / "log", "w") as log:
        program = str(Path(sys.executable).with_name("dap-run"))
        sweep = subprocess.Popen([program, *command], cwd=tmp_path, stdout=log, stderr=log)
    try:
        wait(lambda: steps_kept(out / "0") > 0, 120, "a checkpoint of run 0 with steps in it")
        jobs = dict(line.split() for line in ask("squeue", "-h", "-r", "-o", "%i %T"))
        assert len(jobs) == N_RUNS
        array = next(iter(jobs)).partition("_")[0]
        tell(f"job array {array}: {jobs}")
        ask("scontrol", "requeue", f"{array}_0")
        tell(f"requeued {array}_0")
        wait(lambda: steps_kept(out / "1") > 0, 120, "a checkpoint of run 1 with steps in it")
        os.kill(task_process(1), signal.SIGKILL)
        tell(f"killed -9 the process of {array}_1")
        wait(lambda: ask("squeue", "-h", "-j", f"{array}_0", "-o", "%T") == ["PENDING"], 60, "the requeued job in the queue")
        ask("scontrol", "update", f"jobid={array}_0", "StartTime=now")  # SLURM would wait two minutes
        assert sweep.wait(300) == 1
    finally:
        sweep.kill()
        sweep.wait()
    lines = [line for line in (tmp_path / "log").read_text().splitlines() if line.startswith("dap-run: error: ")]
    tell(f"the command ended: {lines}")
    assert len(lines) == 1
    assert "the same command with hydra.sweep.dir=out goes on where it stopped" in lines[0]
    wait(lambda: not ask("squeue", "-h"), 300, "an empty queue")
    stopped = {run: facts(out / str(run))["status"] for run in range(N_RUNS)}
    tell(f"first pass: {stopped}")
    assert stopped == {0: "finished", 1: "running", **dict.fromkeys(range(2, N_RUNS), "finished")}

    before = {run: (out / str(run) / "run.json").read_bytes() for run in range(N_RUNS)}
    done = installed_dap_run(*command, folder=tmp_path)
    tell(f"second pass: exit code {done.returncode}; {done.stdout.strip().splitlines()[-2]}")
    assert done.returncode == 0, done.stderr
    assert f"sweep: {N_RUNS} finished" in done.stdout
    with open(out / "summary.csv") as file:
        rows = list(csv.DictReader(file))
    assert [(row["run"], row["status"]) for row in rows] == [(str(run), "finished") for run in range(N_RUNS)]
    for run in range(N_RUNS):
        resumed_at = facts(out / str(run))["resumed_at"]
        tell(f"run {run}: resumed at {resumed_at}, {facts(out / str(run))['steps_done']} steps")
        assert len(resumed_at) == (1 if run < 2 else 0)
        assert all(0 < step < STEPS for step in resumed_at)
        assert run == 1 or (out / str(run) / "run.json").read_bytes() == before[run], "what is finished is not touched"
        with open(out / str(run) / "curves.csv") as file:
            assert [int(row["step"]) for row in csv.DictReader(file)] == list(range(STEPS + 1)), "each step once"

    alone = installed_dap_run(*SETTINGS, "seed=0", "hydra.run.dir=alone", folder=tmp_path)
    assert alone.returncode == 0, alone.stderr
    for file in ("restored.wav", "metrics.json"):
        assert (tmp_path / "alone" / file).read_bytes() == (out / "0" / file).read_bytes(), "as if it had not been stopped"
