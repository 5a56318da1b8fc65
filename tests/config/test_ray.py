"""A sweep on a Ray that it starts on this machine: one run is killed, and nothing is lost.

Ray is large: scripts/test_ray makes an environment for it and runs this file there.
"""

import csv
from importlib.util import find_spec
import os
from pathlib import Path
import signal
import subprocess
import sys

import pytest

from tests.config.test_slurm import facts, steps_kept, wait
from tests.conftest import installed_dap_run

N_RUNS = 4
STEPS = 100
SETTINGS = ["size.width=2", "size.n_fft=126", "size.hop_length=32", f"steps={STEPS}", f"snapshot_every={STEPS}", "device=cpu"]
SETTINGS += ["data.seconds=0.5", "checkpoint_seconds=0.1", "stop_early=false", "stopping=fixed"]
RAY = ["hydra/launcher=ray", "hydra.launcher.ray.init.num_cpus=2"]  # two runs at a time, the others wait
SECONDS = 300  # after which a command is taken to hang; it takes less than a minute

pytestmark = pytest.mark.slow
if find_spec("ray") is None:
    pytest.skip("no ray in this environment: scripts/test_ray", allow_module_level=True)


def process_of(run: Path) -> int:
    """The process that works in a run's folder: it holds the lock."""
    for path in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if path.readlink() == run / ".lock":
                return int(path.parts[2])
        except OSError:
            continue  # it has ended
    raise AssertionError(f"no process works in {run}")


@pytest.mark.parametrize("retries", [3, 0])
def test_a_sweep_survives_a_kill(retries, tmp_path):
    """Ray begins a killed run again, in the same sweep; without retries the command ends, and the same command goes on."""
    command = ["-m", *SETTINGS, f"seed=range(0,{N_RUNS})", *RAY, f"hydra.launcher.ray.remote.max_retries={retries}"]
    command += ["hydra.sweep.dir=out"]
    out, home = tmp_path / "out", {"HOME": str(tmp_path)}  # where Ray leaves a token
    with open(tmp_path / "log", "w") as log:
        program = str(Path(sys.executable).with_name("dap-run"))
        sweep = subprocess.Popen([program, *command], cwd=tmp_path, env={**os.environ, **home}, stdout=log, stderr=log)
    try:
        wait(lambda: steps_kept(out / "0") > 0, 120, "a checkpoint of run 0 with steps in it")
        os.kill(process_of(out / "0"), signal.SIGKILL)
        code = sweep.wait(SECONDS)
    finally:
        sweep.kill()
        sweep.wait()
    log = (tmp_path / "log").read_text()
    errors = [line for line in log.splitlines() if line.startswith("dap-run: error: ")]
    assert code == (0 if retries else 1), log
    assert len(errors) == (0 if retries else 1), log
    if not retries:
        assert "the sweep was cut short: WorkerCrashedError: " in errors[0]
        assert "the same command with hydra.sweep.dir=out goes on where it stopped" in errors[0]
        assert facts(out / "0")["status"] == "running"
        done = installed_dap_run(*command, folder=tmp_path, **home)
        assert done.returncode == 0, done.stderr
        log = done.stdout
    assert f"sweep: {N_RUNS} finished" in log
    for run in range(N_RUNS):
        assert facts(out / str(run))["status"] == "finished"
        with open(out / str(run) / "curves.csv") as file:
            assert [int(row["step"]) for row in csv.DictReader(file)] == list(range(STEPS + 1)), "each step once"
    resumed_at = facts(out / "0")["resumed_at"]
    assert len(resumed_at) == 1
    assert 0 < resumed_at[0] < STEPS

    alone = installed_dap_run(*SETTINGS, "seed=0", "hydra.run.dir=alone", folder=tmp_path)
    assert alone.returncode == 0, alone.stderr
    for file in ("restored.wav", "metrics.json"):
        assert (tmp_path / "alone" / file).read_bytes() == (out / "0" / file).read_bytes(), "as if it had not been killed"
