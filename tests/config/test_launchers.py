"""Sweeps in other processes: their exit code, their tables, and one line for whatever goes wrong around the runs."""

import csv
import json
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time

from omegaconf import OmegaConf
import pytest

from dap.config import multirun
from dap.system.threads import available_cores
from tests.commands.test_run import SMALL
from tests.conftest import installed_dap_run
from tests.options import options
from tests.processes import dap_run

LAUNCHERS = options("hydra/launcher")
PACKAGES = {"joblib": "joblib", "ray": "ray", **{name: "submitit" for name in LAUNCHERS if name.startswith("submitit")}}


def statuses(folder: Path) -> dict[str, str]:
    """Of each run in a sweep's summary."""
    with open(folder / "summary.csv") as file:
        return {row["run"]: row["status"] for row in csv.DictReader(file)}


def working_processes(sweep: int) -> list[int]:
    """The processes below a sweep's that run a job, the oldest first."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = path.read_text().split(" (", 1)
            parents[int(pid)] = int(rest.rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended
    below, found = {sweep}, True
    while found:
        found = {pid for pid, parent in parents.items() if parent in below} - below
        below |= found
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in below}
    return sorted(pid for pid, command in commands.items() if "popen_loky" in command or "submitit.core._submit" in command)


def test_help_tells_of_launchers_and_of_the_chosen_ones_settings(tmp_path):
    page = dap_run("hydra/launcher=submitit_slurm", "--help", folder=tmp_path).stdout
    assert "hydra/launcher  basic  joblib  ray  submitit_local  submitit_slurm*  submitit_slurm_shared_gpu" in page
    assert "hydra.launcher.gpus_per_node: 1" in page


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_the_configs_are_complete(launcher, tmp_path):
    """Ours stand for the plugins' own, and say every setting that the launchers have."""
    script = (
        "import sys; from hydra.core.config_store import ConfigStore; from hydra.core.plugins import Plugins\n"
        "from dap.config.compose import CONFIGS; from dap.config.multirun import prefer_configs\n"
        "from omegaconf import OmegaConf\n"
        "Plugins.instance(); name = sys.argv[1] + '.yaml'\n"
        "theirs = ConfigStore.instance().repo['hydra']['launcher'].get(name)\n"
        "ours = OmegaConf.load(CONFIGS / 'hydra' / 'launcher' / name); prefer_configs(CONFIGS)\n"
        "assert name not in ConfigStore.instance().repo['hydra']['launcher']\n"
        "print(sorted(set(theirs.node if theirs else {}) - set(ours)))\n"
    )
    command = [sys.executable, "-c", script, launcher]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("pair", [("joblib", "hydra.launcher.n_jobs=2"), ("submitit_local", "hydra.sweeper.max_batch_size=2")])
def test_two_runs_at_a_time_share_the_cores_and_the_exit_code_tells_of_both(pair, tmp_path):
    launcher, two_at_a_time = pair
    arguments = ["-m", *SMALL, "steps=20", "lr=1e-3,1e30", f"hydra/launcher={launcher}", two_at_a_time, "hydra.sweep.dir=out"]
    program = str(Path(sys.executable).with_name("dap-run"))
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run([program, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "sweep: 1 finished, 1 failed" in done.stdout
    assert "Traceback" not in done.stderr
    assert statuses(tmp_path / "out") == {"0": "finished", "1": "failed"}
    threads = [json.loads((tmp_path / "out" / run / "run.json").read_text())["threads"] for run in "01"]
    assert threads == [max(1, available_cores() // 2)] * 2


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_a_killed_run_is_one_line_and_the_sweep_goes_on_when_asked_again(launcher, tmp_path):
    program = str(Path(sys.executable).with_name("dap-run"))
    arguments = ["-m", *SMALL, "steps=3000", "snapshot_every=3000", "seed=0,1", f"hydra/launcher={launcher}"]
    log = tmp_path / "log"
    with open(log, "w") as file:
        command = [program, *arguments, "hydra.sweep.dir=out"]
        sweep = subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=file, stderr=file)
        try:
            begun = time.monotonic()
            while len(list((tmp_path / "out").glob("*/run.json"))) < 2 and time.monotonic() - begun < 60:
                time.sleep(0.1)
            for pid in working_processes(sweep.pid):
                os.kill(pid, signal.SIGKILL)
            assert sweep.wait(60) == 1
        finally:
            sweep.kill()
    errors = [line for line in log.read_text().splitlines() if "error" in line]
    assert len(errors) == 1, log.read_text()
    assert re.match(
        r"dap-run: error: the sweep was cut short: \w+Error: .* the same command with hydra\.sweep\.dir=out ", errors[0]
    )
    assert statuses(tmp_path / "out") == {"0": "running", "1": "running"}


@pytest.mark.parametrize("choice", [*(f"launcher={name}" for name in LAUNCHERS if name != "basic"), "sweeper=optuna"])
def test_a_package_that_is_missing_is_one_line(choice, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import pkgutil\n"
        "walk = pkgutil.walk_packages\n"  # by which Hydra finds its plugins
        "pkgutil.walk_packages = lambda *a, **k: (m for m in walk(*a, **k) if not m.name.startswith('hydra_plugins.'))\n"
    )
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = installed_dap_run(
        "-m", *SMALL, "seed=0,1", f"hydra/{choice}", "hydra.sweep.dir=out", folder=tmp_path, PYTHONPATH=path
    )
    kind, _, name = choice.partition("=")
    extra = PACKAGES.get(name, name)
    line = f"dap-run: error: hydra/{choice} needs hydra-{extra}-{kind}: pip install 'dap[{extra}]'\n"
    assert (done.returncode, done.stderr, done.stdout) == (2, line, "")
    assert not (tmp_path / "out").exists()


def test_slurm_where_there_is_none(tmp_path):
    arguments = ["-m", *SMALL, "seed=0,1", "hydra/launcher=submitit_slurm", "hydra.sweep.dir=out"]
    done = installed_dap_run(*arguments, folder=tmp_path, PATH="/nowhere")
    assert done.returncode == 2
    assert done.stderr == (
        "dap-run: error: hydra/launcher=submitit_slurm needs SLURM: no srun here; "
        "hydra/launcher=submitit_local does without it\n"
    )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("remote.num_cpus=1000000", r"num_cpus: a run asks for 1000000, Ray has \d+ here, and would wait for ever"),
        ("remote.num_gpus=3", "num_gpus: a run asks for 3, Ray has 2 here, and would wait for ever"),
    ],
)
def test_ray_is_not_asked_for_more_than_there_is(asked, told):
    settings = {"init": {"address": None, "num_cpus": None, "num_gpus": 2}, "remote": {"num_cpus": 1, "num_gpus": 0.5}}
    ray = OmegaConf.create(settings)
    multirun.check_ray(ray)
    ray.merge_with_dotlist([asked])
    with pytest.raises(multirun.RefusedSweepError, match=rf"^hydra\.launcher\.ray\.remote\.{told}$"):
        multirun.check_ray(ray)
    ray.init.address = "auto"
    multirun.check_ray(ray)  # a cluster may grow


def write_sweep_of(folder: Path, *overrides: str) -> None:
    """A folder as a sweep leaves it, as far as the check of its grid looks."""
    (folder / "0").mkdir(parents=True)
    lines = [f"    - {override}" for override in overrides]
    (folder / "multirun.yaml").write_text(
        "\n".join(["hydra:", "  sweeper: {params: null}", "  overrides:", "    task:", *lines])
    )


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (["seed=0,1"], ["seed=0,1,2"], "it has seed=0,1, you gave seed=0,1,2"),
        (["seed=0,1"], ["seed=0,1", "task.snr_db=5"], "it has none, you gave task.snr_db=5"),
        (["seed=0,1", "lr=1e-3,1e-2"], ["lr=1e-3,1e-2", "seed=0,1"], "in another order"),
    ],
)
def test_a_folder_with_another_grid_is_refused(before, now, told, tmp_path):
    write_sweep_of(tmp_path / "out", *before)
    kept = (tmp_path / "out" / "multirun.yaml").read_text()
    done = dap_run("-m", *now, "hydra.sweep.dir=out", folder=tmp_path)
    line = f"dap-run: error: out holds a sweep of another grid: {told}; take another hydra.sweep.dir\n"
    assert (done.returncode, done.stderr, done.stdout) == (2, line, "")
    assert (tmp_path / "out" / "multirun.yaml").read_text() == kept


def test_the_same_grid_is_let_through_on_another_machine(tmp_path):
    write_sweep_of(tmp_path / "out", "lr=-1,-2", "steps=1", "seed=3", "device=cuda")
    done = dap_run("-m", "seed=3", "steps=1", "lr=-1,-2", "device=cpu", "hydra.sweep.dir=out", folder=tmp_path)
    assert "another grid" not in done.stderr
    assert done.stderr.count("lr: must be a number above 0") == 2
    assert (done.returncode, statuses(tmp_path / "out")) == (2, {"0": "refused", "1": "refused"})


def test_a_damaged_record_of_the_grid_is_one_line(tmp_path):
    write_sweep_of(tmp_path / "out", "seed=0,1")
    (tmp_path / "out" / "multirun.yaml").write_text("hydra: {sweeper: [")
    done = dap_run("-m", "seed=0,1", "hydra.sweep.dir=out", folder=tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(r"dap-run: error: out/multirun.yaml: cannot be read: .*\n", done.stderr)


def test_a_sweep_without_its_summary_has_not_gone_well(tmp_path, monkeypatch, capsys):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "run.json").write_text("{")
    codes: list[int] = [0]
    monkeypatch.setattr(multirun, "exit_codes", codes)
    monkeypatch.setattr(multirun, "_folders", [tmp_path])
    multirun.SweepSummary().on_multirun_end(OmegaConf.create())
    assert multirun.exit_code() == 1
    assert capsys.readouterr().err.startswith("dap-run: error: no summary of the sweep: ")
