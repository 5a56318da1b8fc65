"""A study with Optuna: runs that are proposed, an objective that they return, failures that it survives."""

import json

from omegaconf import OmegaConf
import pytest

from tests.commands.test_run import SMALL
from tests.processes import dap_run


def objectives(folder, name):
    return [json.loads(path.read_text())["restored"][name] for path in sorted(folder.glob("*/metrics.json"))]


@pytest.mark.slow
def test_a_study_finds_the_best_of_its_runs_and_goes_on_where_it_stopped(tmp_path):
    arguments = ["experiment=optuna_denoise", *SMALL, "hydra.sweep.dir=out"]
    done = dap_run(*arguments, "hydra.sweeper.n_trials=2", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    done = dap_run(*arguments, "hydra.sweeper.n_trials=3", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("finished already") == 2
    assert "sweep: 3 finished" in done.stdout
    found = objectives(tmp_path / "out", "residual_flatness")
    assert len(set(found)) == 3
    best = OmegaConf.load(tmp_path / "out" / "optimization_results.yaml")
    assert best.best_value == max(found)
    winner = OmegaConf.load(tmp_path / "out" / str(found.index(max(found))) / ".hydra" / "config.yaml")
    assert {"lr": winner.lr, "size.output_ema": winner.size.output_ema} == best.best_params
    done = dap_run(*arguments, "objective=psnr", folder=tmp_path)  # by which other runs would have been proposed
    assert done.returncode == 2
    assert "another grid: it has objective=residual_flatness, you gave objective=psnr;" in done.stderr


@pytest.mark.slow
def test_a_failed_run_does_not_end_the_study(tmp_path):
    settings = ["objective=si_sdr", "hydra/sweeper=optuna", "hydra/sweeper/sampler=random", "hydra.sweeper.n_trials=2"]
    done = dap_run("-m", *SMALL, "steps=20", "lr=1e30,1e-3", *settings, "hydra.sweep.dir=out", folder=tmp_path)
    assert done.returncode == 1
    assert "sweep: 1 finished, 1 failed" in done.stdout
    assert "Traceback" not in done.stderr
    best = OmegaConf.load(tmp_path / "out" / "optimization_results.yaml")
    assert best.best_params == {"lr": 1e-3}
    assert best.best_value == objectives(tmp_path / "out", "si_sdr")[0]


@pytest.mark.slow
def test_a_study_of_failures_is_one_line(tmp_path):
    settings = ["objective=si_sdr", "hydra/sweeper=optuna", "hydra.sweeper.n_trials=1"]
    done = dap_run("-m", *SMALL, "steps=20", "lr=1e30,1e31", *settings, "hydra.sweep.dir=out", folder=tmp_path)
    assert done.returncode == 1
    assert "sweep: 1 failed" in done.stdout
    assert "dap-run: error: the study has no result: No trials are completed yet." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-m", "hydra/sweeper=optuna"], "a study needs an objective: objective=residual_flatness, or si_sdr by the reference"),
        (["objective=sisdr"], "objective: expected one of si_sdr, psnr, "),
    ],
)
def test_an_objective_that_cannot_be(arguments, message, tmp_path):
    done = dap_run(*arguments, *SMALL, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"dap-run: error: {message}")
    assert done.stderr.count("\n") == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
