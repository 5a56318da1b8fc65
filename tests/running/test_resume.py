"""A run that is stopped and goes on ends as one that was never stopped, to the bit."""

import json
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest
import torch

from dap.data.clip import Clip
from dap.dsp.signals import tones
from dap.methods.prior.deep_prior import DeepPrior
from dap.record.run_folder import RunFolder
from dap.running.experiment import run
from dap.running.parts import build_parts
from dap.running.restoration import restore_clip
from dap.system.interruption import Interruption
from dap.system.memory import seconds_that_fit
from tests.options import composed, options
from tests.processes import dap_run

RATE = 8000
TINY = ["size.width=2", "size.n_fft=126", "size.hop_length=32", "steps=6", "snapshot_every=3"]
STOPPED = 4  # the step during whose record it is killed: the one before was the last to be kept
SYSTEMS = {f"model={model}": [f"model={model}"] for model in options("model")} | {
    "dnp": ["method=dnp", "method.warm_up=2", "model=wave_unet"],
    "guided": ["method=guided", "task=inpainting", "task.n_gaps=1", "task.gap_seconds=0.01"],
    "blended": ["method=blended", "task=inpainting", "task.n_gaps=1", "task.gap_seconds=0.01"],
    "windowed": ["method=windowed", "method.window_seconds=0.1", "method.overlap_seconds=0.02", "method.fade_seconds=0.01"],
    "emv": ["stopping=emv", "stopping.alpha=0.5"],
    "perturbed": ["input_noise_std=0.1", "method.output_ema=0.9", "lr_decay=[3,0.5]"],
    "dropout": ["model=epfl_autoencoder", "model.dropout=0.5"],
    "chain": ["task=chain"],
}


def parts_of(*overrides: str):
    cfg = composed(*TINY, "checkpoint_seconds=0", *overrides)
    choices = {"task": "denoise", "model": "harmonic", "size": "quick", "stopping": "discrepancy", "method": "deep_prior"}
    return build_parts(cfg, choices, list(overrides))


@pytest.fixture(scope="module")
def clip() -> Clip:
    return Clip("tone", tones([220.0, 440.0, 660.0], 2400, RATE, 0.5)[None], RATE, 1.0, degraded=False, source="tone.wav")


def results(folder: Path) -> dict[str, bytes]:
    """What must be the same: all but the times, and what tells of the interruption."""
    names = [
        "restored.wav",
        "observation.wav",
        "metrics.json",
        *(f"snapshots/{path.name}" for path in sorted(folder.glob("snapshots/*"))),
    ]
    curves = (folder / "curves.csv").read_text().splitlines()
    return {name: (folder / name).read_bytes() for name in names} | {
        "curves.csv": "\n".join(line.rpartition(",")[0] for line in curves).encode()
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_every_system_goes_on_to_the_same_end(tmp_path, clip, monkeypatch, name):
    restore_clip(parts_of(*SYSTEMS[name]), clip, tmp_path / "whole")
    add = RunFolder.add_iterate

    def killed(record, step, *rest):
        if step == STOPPED:
            raise KeyboardInterrupt
        return add(record, step, *rest)

    monkeypatch.setattr(RunFolder, "add_iterate", killed)
    with pytest.raises(KeyboardInterrupt):
        restore_clip(parts_of(*SYSTEMS[name]), clip, tmp_path / "cut")
    monkeypatch.setattr(RunFolder, "add_iterate", add)
    assert json.loads((tmp_path / "cut" / "run.json").read_text())["status"] == "interrupted"
    restore_clip(parts_of(*SYSTEMS[name]), clip, tmp_path / "cut")
    facts = json.loads((tmp_path / "cut" / "run.json").read_text())
    assert (facts["status"], facts["resumed_at"]) == ("finished", [STOPPED - 1])
    assert results(tmp_path / "cut") == results(tmp_path / "whole")
    assert not (tmp_path / "cut" / "checkpoint.pt").exists()


def test_what_is_finished_is_not_done_again(tmp_path, clip, monkeypatch, capsys):
    first = restore_clip(parts_of(), clip, tmp_path)
    monkeypatch.setattr(RunFolder, "add_iterate", None)  # whatever computes, fails
    assert restore_clip(parts_of(), clip, tmp_path) == first
    assert "finished already" in capsys.readouterr().out


@pytest.mark.slow
def test_restart_begins_anew(tmp_path, clip):
    restore_clip(parts_of("steps=3", "snapshot_every=1"), clip, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    restore_clip(parts_of("steps=1", "snapshot_every=1", "restart=true"), clip, tmp_path)
    assert json.loads((tmp_path / "run.json").read_text())["steps_done"] == 1
    assert len(list((tmp_path / "snapshots").iterdir())) == 2
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "change", ["seed=1", *(pytest.param(one, marks=pytest.mark.slow) for one in ("steps=7", "task.noise_std=0.2"))]
)
def test_another_run_is_refused(tmp_path, clip, change):
    restore_clip(parts_of(), clip, tmp_path)
    before = results(tmp_path)
    with pytest.raises(ValueError, match="holds another run"):
        restore_clip(parts_of(change), clip, tmp_path)
    assert results(tmp_path) == before


@pytest.mark.slow
def test_what_changes_no_result_makes_no_other_run(tmp_path, clip, capsys):
    restore_clip(parts_of(), clip, tmp_path)
    restore_clip(parts_of("snapshot_every=5", "threads=1", "checkpoint_seconds=null"), clip, tmp_path)
    assert "finished already" in capsys.readouterr().out


SIGNALS = {"SIGINT": 130, "SIGTERM": 143, "SIGUSR1": 128 + signal.SIGUSR1, "SIGUSR2": 128 + signal.SIGUSR2}


def hear_control_c() -> None:
    """Whatever a shell that began the tests in the background made of it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def command(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("dap-run")), *arguments],
        cwd=folder,
        preexec_fn=hear_control_c,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def started(folder: Path, *overrides: str) -> subprocess.Popen[str]:
    """The command on a fit that does not end by itself, some steps into it."""
    endless = [*TINY[:3], "steps=100000", "snapshot_every=1000000", "stop_early=false", "threads=1", "data.seconds=0.1"]
    process = command(folder, "hydra.run.dir=out", *endless, *overrides)
    waited = time.monotonic() + 120
    while not (folder / "out" / "curves.csv").exists():  # written with the first snapshot
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < waited
        time.sleep(0.05)
    return process


@pytest.mark.slow
@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_leaves_a_checkpoint_and_the_usual_exit_code(tmp_path, name):
    process = started(tmp_path, "checkpoint_seconds=null")
    time.sleep(0.5)
    process.send_signal(getattr(signal, name))
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == SIGNALS[name], stderr
    assert f"{name}: stopping after this step" in stderr
    assert "dap-run resume=out goes on" in stderr
    assert "Traceback" not in stderr
    facts = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (facts["status"], facts["reason"]) == ("interrupted", name)
    assert (tmp_path / "out" / "checkpoint.pt").exists()
    assert facts["steps_done"] > 0
    if name != "SIGTERM":
        return  # what was left is the same, and so is how it goes on

    process = command(tmp_path, "resume=out")
    while not json.loads((tmp_path / "out" / "run.json").read_text())["resumed_at"]:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    later = json.loads((tmp_path / "out" / "run.json").read_text())
    assert later["resumed_at"] == [facts["steps_done"]]
    assert later["steps_done"] >= facts["steps_done"]


@pytest.mark.slow
def test_a_signal_during_the_last_step_ends_what_comes_after_it(tmp_path, clip, monkeypatch):
    hear_control_c()
    add = RunFolder.add_iterate

    def signalled(record, step, *rest):
        if step == 6:  # TINY's last
            signal.raise_signal(signal.SIGINT)
        return add(record, step, *rest)

    monkeypatch.setattr(RunFolder, "add_iterate", signalled)
    with pytest.raises(KeyboardInterrupt):
        restore_clip(parts_of("stopping=fixed", "stopping.step=6"), clip, tmp_path)
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "finished"


def test_a_second_control_c_is_obeyed_at_once():
    hear_control_c()
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption.name == "SIGINT"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_launcher_s_own_handler_has_its_turn():
    heard = []
    before = signal.signal(signal.SIGUSR2, lambda number, frame: heard.append(number))
    try:
        with Interruption() as interruption:
            signal.raise_signal(signal.SIGUSR2)
            assert not heard
            interruption.obey()
            assert heard == [signal.SIGUSR2]
            interruption.obey()  # it returned: the run goes on
            assert len(heard) == 1
    finally:
        signal.signal(signal.SIGUSR2, before)


@pytest.mark.slow
def test_resume_by_the_folder_alone(tmp_path):
    """It knows the settings, the folder that the paths were relative to, and what kind of run it was."""
    (tmp_path / "elsewhere").mkdir()
    small = [*TINY, "data.seconds=0.3", "steps=2"]
    assert dap_run(*small, "seed=3", 'hydra.run.dir="it\'s a run"', folder=tmp_path).returncode == 0
    (tmp_path / "it's a run" / "restored.wav").unlink()
    done = dap_run("resume=../it's a run", folder=tmp_path / "elsewhere")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "it's a run" / "restored.wav").exists()
    assert json.loads((tmp_path / "it's a run" / "run.json").read_text())["seed"] == 3
    done = dap_run("resume=../nothing", folder=tmp_path / "elsewhere")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "holds no run and no sweep" in done.stderr


@pytest.mark.slow
def test_a_sweep_goes_on(tmp_path):
    sweep = ["-m", "seed=0,1,2", *TINY, "data.seconds=0.3", "steps=2", "hydra.sweep.dir=sweep"]
    assert dap_run(*sweep, folder=tmp_path).returncode == 0
    before = (tmp_path / "sweep" / "0" / "run.json").stat().st_mtime_ns
    for name in ("run.json", "restored.wav"):
        (tmp_path / "sweep" / "1" / name).unlink()
    done = dap_run("resume=sweep", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("finished already") == 2
    assert (tmp_path / "sweep" / "1" / "restored.wav").exists()
    assert (tmp_path / "sweep" / "0" / "run.json").stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_sweep_goes_on_with_other_settings_that_change_no_result(tmp_path):
    """It is no other grid, its runs are no other runs, and what is done with them makes no other system of a table."""
    sweep = ["-m", "model=wave_unet,spectrogram_unet", *TINY, "data.seconds=0.3", "steps=2", "hydra.sweep.dir=sweep"]
    assert dap_run(*sweep, "seed=0,1", folder=tmp_path).returncode == 0
    lost = [tmp_path / "sweep" / number for number in "13"]  # the second seed of either model
    whole = [results(folder) for folder in lost]
    for folder in lost:
        for name in ("run.json", "restored.wav"):
            (folder / name).unlink()
    other = ["checkpoint_seconds=10", "tracker=tensorboard", "tracker.every=2", "snapshot_every=2", "threads=1", "device=cpu"]
    done = dap_run("resume=sweep", *other, "restart=false", "objective=si_sdr", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("finished already") == 2
    for folder, before in zip(lost, whole, strict=True):
        assert results(folder) == before
        assert set(other) <= set(json.loads((folder / "run.json").read_text())["overrides"])
    table = [str(Path(sys.executable).with_name("dap-table")), "sweep"]
    done = subprocess.run(table, cwd=tmp_path, capture_output=True, text=True, check=True)
    rows = [line.strip("| ").split(" | ")[:4] for line in done.stdout.splitlines() if "| blind: " in line]
    assert sorted(rows) == [[name, "blind: discrepancy", "1", "2"] for name in ("spectrogram_unet", "wave_unet")]  # two seeds
    done = dap_run("resume=sweep", "lr=0.1", folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "another grid: it has none, you gave lr=0.1" in done.stderr


def test_a_fit_that_fails_keeps_the_best_of_what_it_reached(tmp_path):
    """Labelled: neither run.json nor the report takes it for a finished one."""
    done = dap_run(*TINY, "data.seconds=0.3", "lr=1e30", "hydra.run.dir=out", folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "also at 1/8 of the learning rate: try a smaller lr" in done.stderr
    facts = json.loads((tmp_path / "out" / "run.json").read_text())
    assert facts["status"] == "failed"
    assert len(facts["rollbacks"]) == 3
    assert "The fit failed: the loss became" in (tmp_path / "out" / "report.html").read_text()
    assert (tmp_path / "out" / "restored.wav").exists()


def test_out_of_memory_tells_what_would_fit():
    asked = []

    def attempt(n_samples):
        asked.append(n_samples)
        if n_samples > 1000:
            raise RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    assert seconds_that_fit(attempt, 8000, 8000) == 0.125
    assert asked == [4000, 2000, 1000]


def test_a_run_that_is_out_of_memory_fails_with_one_line(tmp_path, monkeypatch):
    restore = DeepPrior.restore

    def too_long(method, problem):
        if problem.observation.shape[-1] > 2000:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")
        return restore(method, problem)

    monkeypatch.setattr(DeepPrior, "restore", too_long)
    choices = {"task": "denoise", "model": "harmonic", "size": "quick", "stopping": "discrepancy", "method": "deep_prior"}
    outcome = run(composed(*TINY, "data.seconds=0.3"), tmp_path, choices, [])
    reason = "out of memory on cpu with 0.30 s of sound; 0.07 s of it fit: data.seconds=0.07"
    assert [failure.reason for failure in outcome.failures] == [reason]
    facts = json.loads((tmp_path / "run.json").read_text())
    assert (facts["status"], facts["reason"]) == ("failed", reason)
