"""Supervised training, end to end: every variant, its files, what it refuses, and that a killed one ends like another."""

import csv
import json
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest
import torch

from dap.audio.sound_file import read_audio, write_audio
from dap.dsp.signals import tones
from dap.record import run_folder, training_folder
from dap.record.trained import read_trained
from dap.record.training_folder import TrainingFolder
from dap.running.experiment import run
from dap.running.parts import build_parts
from tests.options import composed, options
from tests.processes import dap_run
from tests.running.test_resume import hear_control_c

RATE = 8000
TINY = ["method=supervised", "task=sample", "task.low_rate=4000", "model=epfl_autoencoder", "data=folder", "data.glob='*.wav'"]
TINY += ["size.width=2", "size.depth=3", "method.window=256", "method.hop=128", "method.batch_size=8", "epochs=2", "threads=1"]
CHOICES = {"task": "sample", "model": "epfl_autoencoder", "size": "quick", "stopping": "discrepancy", "method": "supervised"}
VARIANTS = {f"gan={name}": [f"gan={name}", "method.keep=last"] for name in options("gan")}
VARIANTS |= {f"feature_loss={name}": [f"feature_loss={name}"] for name in ("autoencoder", "lsd", "stft")}
LONG = ["method.window=2048", "method.hop=1024"]  # the frames of these two
VARIANTS["feature_loss=lsd"] += LONG
VARIANTS["feature_loss=stft"] += LONG
VARIANTS["feature_loss=autoencoder"] += ["feature_loss.epochs=1"]
VARIANTS["collaborative"] = ["gan=vanilla", "collaborative=sampling", "collaborative.n_steps=2", "collaborative.threshold=0.9"]
VARIANTS["l1"] = ["loss=l1", "task=denoise", "~task.low_rate", "method.window_rms=null", "method.scheduler=null"]
VARIANTS["spectrogram"] = ["model=spectrogram_unet", "size.n_fft=62", "size.hop_length=16", "method.residual=false"]

QUICK = ["gan=none", "gan=vanilla", "collaborative"]


@pytest.fixture(scope="module")
def music(tmp_path_factory) -> Path:
    """Six files of two tones each, one of them stereo, with silence at the end; linear interpolation weakens the higher one."""
    folder = tmp_path_factory.mktemp("music")
    for index in range(6):
        sound = tones([300.0 + 40 * index, 1300.0 + 60 * index], 2500 + 111 * index, RATE, 0.5)
        sound[-300:] = 0
        write_audio(folder / f"song{index}.wav", sound.expand(2 if index == 3 else 1, -1), RATE)
    return folder


@pytest.fixture
def no_pictures(monkeypatch):
    """Drawing takes two thirds of a short run's time."""
    for module in (run_folder, training_folder):
        for name in ("draw_losses", "draw_curves", "draw_spectrograms"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, lambda *_: b"a picture")


def arguments(music: Path, *more: str) -> list[str]:
    given = [*TINY, f"data.path={music}", *more]
    return [item for item in given if not any(f"~{item.split('=')[0]}" == other for other in more) and item[0] != "~"]


def losses(folder: Path) -> list[dict[str, str]]:
    with open(folder / "losses.csv", newline="") as file:
        return [{name: cell for name, cell in row.items() if name != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in VARIANTS])
def test_every_variant_trains_and_restores(tmp_path, music, name):
    outcome = run(composed(*arguments(music, *VARIANTS[name])), tmp_path, CHOICES, [])
    assert outcome.failures == []
    rows = losses(tmp_path)
    assert [row["epoch"] for row in rows] == ["1", "2", "3"][: 3 if name == "collaborative" else 2]
    facts = json.loads((tmp_path / "run.json").read_text())
    assert facts["status"] == "finished"
    assert facts["steps_done"] == int(rows[-1]["step"])
    (test,) = facts["files"]["test"]
    restored, rate = read_audio(tmp_path / "test" / "restored.wav")
    assert rate == RATE
    assert restored.shape == read_audio(music / f"{test}.wav")[0].shape
    page = (tmp_path / "report.html").read_text()
    assert page.count("<audio") == 3
    assert page.count("data:image/png") == 1 + 3  # the losses, and a spectrogram a sound
    terms = {"gan": "discriminator", "feature_loss": "features", "collaborative": "discriminator"}
    wanted = terms.get(name.split("=")[0]) if "none" not in name else None
    if wanted is not None:
        column = wanted if wanted in rows[0] or "autoencoder" in name else "spectra"
        assert float(rows[1][column]) > 0
    if name == "collaborative":  # in the last epoch the discriminator alone learns
        assert rows[2]["distance"] == ""
        assert float(rows[2]["discriminator"]) > 0


@pytest.mark.slow
def test_training_restores_files_that_it_never_saw(tmp_path, music):
    """It learns to undo what linear interpolation does, at frequencies between those that it was shown."""
    longer = ["epochs=15", "lr=3e-3", "size.width=6", "model.dropout=0", "data.n_clips=6"]
    run(composed(*arguments(music, *longer)), tmp_path, CHOICES, [])
    metrics = json.loads((tmp_path / "test" / "metrics.json").read_text())
    assert metrics["restored"]["snr"] > metrics["observation"]["snr"] + 1.0
    for name in ("losses.png", "spectrograms.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    rows = losses(tmp_path)
    assert float(rows[-1]["distance"]) < 0.7 * float(rows[0]["distance"])
    kept = read_trained(tmp_path / "best.pt").facts["epoch"]
    best = min(rows, key=lambda row: float(row["valid_distance"]))
    assert kept == int(best["epoch"])


@pytest.mark.slow
@pytest.mark.usefixtures("no_pictures")
def test_a_training_that_is_stopped_anywhere_goes_on_to_the_same_bits(tmp_path, music, monkeypatch):
    """Killed without a word after some update, or in the middle of its record: weights, losses and scores are the same."""
    settings = arguments(music, "gan=vanilla", "model.dropout=0.5", "checkpoint_seconds=0", "task=denoise", "~task.low_rate")
    run(composed(*settings), tmp_path / "whole", CHOICES, [])
    save, add = TrainingFolder.save_checkpoint, TrainingFolder.add_epoch

    def killed_after(n_updates):
        def save_or_die(record, state):
            save(record, state)
            if record.updates == n_updates:
                raise KeyboardInterrupt

        return save_or_die

    def killed_before(epoch):
        def add_or_die(record, row):
            if row["epoch"] == epoch:
                raise KeyboardInterrupt
            add(record, row)

        return add_or_die

    n_updates = json.loads((tmp_path / "whole" / "run.json").read_text())["steps_done"]
    assert n_updates > 6
    for name, function in [
        *(("save_checkpoint", killed_after(updates)) for updates in (2, n_updates)),
        ("add_epoch", killed_before(2)),
    ]:
        folder = tmp_path / f"{name}{function}"
        with monkeypatch.context() as patched:
            patched.setattr(TrainingFolder, name, function)
            with pytest.raises(KeyboardInterrupt):
                run(composed(*settings), folder, CHOICES, [])
        assert json.loads((folder / "run.json").read_text())["status"] == "interrupted"
        run(composed(*settings), folder, CHOICES, [])
        facts = json.loads((folder / "run.json").read_text())
        assert facts["status"] == "finished"
        assert len(facts["resumed_at"]) == 1
        assert losses(folder) == losses(tmp_path / "whole")
        for one, other in zip(
            *(read_trained(place / "best.pt").weights["network"].values() for place in (folder, tmp_path / "whole")),
            strict=True,
        ):
            assert torch.equal(one, other)
        for name_of_file in ("metrics.json", "test/restored.wav", "test/metrics.json"):
            assert (folder / name_of_file).read_bytes() == (tmp_path / "whole" / name_of_file).read_bytes()
        assert not (folder / "checkpoint.pt").exists()


@pytest.mark.slow
def test_a_kill_and_a_signal_by_the_command(tmp_path, music):
    settings = arguments(music, "epochs=4", "checkpoint_seconds=0")
    run(composed(*settings), tmp_path / "whole", CHOICES, [])
    settings.append("hydra.run.dir=cut")
    program = [str(Path(sys.executable).with_name("dap-run")), *settings]
    for number in (signal.SIGKILL, signal.SIGTERM):
        process = subprocess.Popen(
            program, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hear_control_c
        )
        before = (tmp_path / "cut" / "checkpoint.pt").stat().st_mtime_ns if number == signal.SIGTERM else 0
        waited = time.monotonic() + 60
        while not (tmp_path / "cut" / "checkpoint.pt").exists() or (
            (tmp_path / "cut" / "checkpoint.pt").stat().st_mtime_ns == before
        ):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < waited
            time.sleep(0.01)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode in (-signal.SIGKILL, 128 + signal.SIGTERM), stderr
    assert "dap-run resume=cut goes on" in stderr
    done = dap_run("resume=cut", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert losses(tmp_path / "cut") == losses(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.usefixtures("no_pictures")
def test_a_finished_training_is_not_done_again_and_no_other(tmp_path, music, capsys):
    run(composed(*arguments(music, "epochs=1")), tmp_path, CHOICES, [])
    for other in ("epochs=2", "method.n_valid=2", "data.n_clips=5", "data.peak=0.5"):
        with pytest.raises(ValueError, match="holds another run, whose settings or input differ"):
            run(composed(*arguments(music, "epochs=1", other)), tmp_path, CHOICES, [])
    run(composed(*arguments(music, "epochs=1")), tmp_path, CHOICES, [])
    assert capsys.readouterr().out.count("already") == 2
    run(composed(*arguments(music, "epochs=2", "restart=true")), tmp_path, CHOICES, [])
    assert len(losses(tmp_path)) == 2


def test_a_loss_that_is_no_number_is_a_failed_run(tmp_path, music):
    outcome = run(composed(*arguments(music, "lr=1e30")), tmp_path, CHOICES, [])
    assert [failure.clip for failure in outcome.failures] == ["training"]
    facts = json.loads((tmp_path / "run.json").read_text())
    assert facts["status"] == "failed"
    assert "try a smaller lr" in facts["reason"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data.degraded=true"], "data.degraded: training needs clean sounds"),
        (["data.n_clips=1"], "the data has 1 files: too few to hold 1 out for validation and 1 for testing"),
        (["method.test_names=[opera]"], "test_names: no clip opera in the data, which has song0"),
        (["method.window=8", "method.hop=4"], "a depth of 3 needs at least 16 samples, got 8"),
        (["method.hop=300"], "window and hop must be 1 ≤ hop ≤ window samples, got 256 and 300"),
        (["collaborative=sampling"], "collaborative sampling needs a discriminator: choose a gan="),
        (["method.keep=all"], "keep must be one of best, last, got 'all'"),
        (["method.batch_size=0"], "batch_size must be at least 1, got 0"),
        (["task.low_rate=8000"], "low_rate must be below the clip's 8000 Hz, got 8000"),
        (["model=wave_decoder", "collaborative=sampling", "gan=patch"], "the network has no list of blocks 'up'"),
    ],
)
def test_what_cannot_be_trained_is_refused(tmp_path, music, overrides, message):
    with pytest.raises(ValueError, match=message):
        run(composed(*arguments(music, *overrides)), tmp_path / "out", CHOICES, [])


def test_a_test_file_of_another_rate_is_refused(tmp_path, music):
    for path in music.glob("*.wav"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    write_audio(tmp_path / "other.wav", torch.rand(1, 4000), 11025)
    with pytest.raises(
        ValueError, match=r"the files differ in rate: 8000 Hz \(song0\), 11025 Hz \(other\); set data.sample_rate"
    ):
        run(composed(*arguments(tmp_path, "method.test_names=[other]")), tmp_path / "out", CHOICES, [])


def test_the_networks_start_from_the_seed_alone(music):
    first, again, other = (
        build_parts(composed(*arguments(music, f"seed={seed}")), CHOICES, []).method.build().state_dict() for seed in (0, 0, 1)
    )
    assert all(torch.equal(first[name], again[name]) for name in first if "extra" not in name)
    assert not torch.equal(first["network.down.0.0.weight"], other["network.down.0.0.weight"])
