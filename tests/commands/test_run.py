"""The installed command: help, completion, and runs of every kind."""

import csv
import json
from pathlib import Path
import shutil
import subprocess
import sys
import time

import numpy as np
from omegaconf import OmegaConf
import pytest
import soundfile
import torch

from dap.audio.sound_file import read_audio, write_audio
from dap.data.demo import DEMO_CLIP
from tests.options import composed, options
from tests.processes import dap_run

SMALL = ["size.width=2", "size.n_fft=126", "size.hop_length=32", "steps=2", "snapshot_every=1", "device=cpu"]


@pytest.fixture(scope="module")
def stereo(tmp_path_factory) -> Path:
    """A 44.1 kHz stereo FLAC of odd length."""
    path = tmp_path_factory.mktemp("sounds") / "stereo clip.flac"
    soundfile.write(path, 0.3 * np.sin(np.outer(np.arange(6001), [0.05, 0.07])), 44100)
    return path


def test_a_run_folder_is_as_the_design_says(tmp_path):
    done = dap_run(*SMALL, "hydra.run.dir=out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # quiet where there is no terminal
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {
        ".hydra",
        ".lock",
        "observation.wav",
        "reference.wav",
        "restored.wav",
        "snapshots",
        "curves.csv",
        "curves.png",
        "spectrograms.png",
        "metrics.json",
        "run.json",
        "report.html",
    }
    assert sorted(path.name for path in (out / "snapshots").iterdir()) == [f"step_{step:06d}.wav" for step in range(3)]
    facts = json.loads((out / "run.json").read_text())
    assert (facts["status"], facts["steps_done"], facts["seed"], facts["model"]) == ("finished", 2, 0, "harmonic")
    assert facts["n_parameters"] > 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert list(metrics) == ["observation", "restored", "oracle"]
    assert metrics["restored"]["blind"]
    assert not metrics["oracle"]["blind"]
    with open(out / "curves.csv") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["0", "1", "2"]
    assert "report: out/report.html" in done.stdout
    assert f"{metrics['observation']['si_sdr']:.2f}" in done.stdout


def test_same_seed_same_sound_and_same_scores(tmp_path):
    for name in ("a", "b"):
        dap_run(*SMALL, f"hydra.run.dir={name}", folder=tmp_path)
    for file in ("restored.wav", "observation.wav", "metrics.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_sound_goes_out_as_it_came_in(tmp_path, stereo):
    done = dap_run(*SMALL, "data=file", f"data.path='{stereo}'", "hydra.run.dir=out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    source, rate = read_audio(stereo)
    for name in ("restored", "observation", "reference"):
        waveform, its_rate = read_audio(tmp_path / "out" / f"{name}.wav")
        assert (waveform.shape, its_rate) == (source.shape, rate)
    assert torch.allclose(read_audio(tmp_path / "out" / "reference.wav")[0], source, atol=1e-6)  # the level is undone


def test_a_degraded_file_gets_no_noise_and_no_invented_scores(tmp_path, stereo):
    arguments = ["data=file", f"data.path='{stereo}'", "data.degraded=true", "hydra.run.dir=out"]
    done = dap_run(*SMALL, *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    assert not (out / "reference.wav").exists()
    assert torch.allclose(read_audio(out / "observation.wav")[0], read_audio(stereo)[0], atol=1e-6)
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["observation"] == {}
    assert set(metrics["restored"]) == {"rule", "blind", "step", "residual_flatness"}  # which needs no reference
    assert "oracle" not in metrics


def test_a_low_rate_file_comes_out_at_the_higher_rate(tmp_path, stereo):
    arguments = ["task=super_resolution", "task.factor=3", "data=file", f"data.path='{stereo}'", "data.degraded=true"]
    done = dap_run(*SMALL, *arguments, "hydra.run.dir=out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("restored", "observation"):
        waveform, rate = read_audio(tmp_path / "out" / f"{name}.wav")
        assert (waveform.shape, rate) == ((2, 3 * 6001), 3 * 44100)
    assert json.loads((tmp_path / "out" / "run.json").read_text())["sample_rate"] == 3 * 44100


def test_a_folder(tmp_path, stereo):
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    write_audio(sounds / "a.wav", 0.1 * torch.randn(1, 3000), 8000)
    write_audio(sounds / "b.wav", torch.zeros(1, 3000), 8000)  # silent: fails, and the others go on
    write_audio(sounds / "c.wav", 0.1 * torch.randn(1, 2000), 8000)
    arguments = ["data=folder", "data.path=sounds", "data.glob='*.wav'", "hydra.run.dir=out"]
    done = dap_run(*SMALL, *arguments, folder=tmp_path)
    assert done.returncode == 1
    assert "the clip is silent" in done.stderr
    with open(tmp_path / "out" / "summary.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["clip"] for row in rows] == ["a", "b", "c", "mean", "standard deviation"]
    assert [row["status"] for row in rows[:3]] == ["finished", "failed", "finished"]
    mean = (float(rows[0]["restored_si_sdr"]) + float(rows[2]["restored_si_sdr"])) / 2
    assert float(rows[3]["restored_si_sdr"]) == pytest.approx(mean, abs=1e-3)
    assert (tmp_path / "out" / "a" / "report.html").exists()


@pytest.mark.slow
def test_a_sweep(tmp_path):
    done = dap_run("-m", *SMALL, "model=spectrogram_unet,harmonic", "hydra.sweep.dir=out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    models = [json.loads((tmp_path / "out" / str(index) / "run.json").read_text())["model"] for index in range(2)]
    assert models == ["spectrogram_unet", "harmonic"]
    assert "sweep: 2 finished" in done.stdout


@pytest.mark.slow
def test_a_sweep_tells_of_every_combination(tmp_path):
    done = dap_run("-m", *SMALL, "size.hop_length=32,200", "task.noise_std=0.2", "hydra.sweep.dir=out", folder=tmp_path)
    assert done.returncode == 2
    assert "hop_length must be between 1 and n_fft" in done.stderr
    with open(tmp_path / "out" / "summary.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["finished", "refused"]
    assert "hop_length must be between" in rows[1]["reason"]
    assert "size.hop_length=200" in rows[1]["overrides"]
    assert float(rows[0]["restored_si_sdr"]) < 20
    page = (tmp_path / "out" / "summary.html").read_text()
    assert 'href="0/restored.wav"' in page
    assert 'href="0/report.html"' in page


# That of separation is run by tests/running/test_separator.py, on sounds of instruments; the field's by test_field.py.
ELSEWHERE = {"table3_separation", *(name for name in options("experiment") if name.startswith("field_"))}


@pytest.mark.slow
@pytest.mark.parametrize("experiment", sorted({*options("experiment")} - ELSEWHERE))
def test_every_experiment_runs(experiment, tmp_path):
    """Of those that sweep, one run; of those that want a data set, on a folder; of those that train, two updates."""
    for name in "abc":
        shutil.copy(DEMO_CLIP, tmp_path / f"{name}.wav")
    cfg = composed(f"experiment={experiment}")
    trains = cfg.method._target_.endswith("Supervised")
    data = ["data=folder", "data.path=.", "data.glob='*.wav'", f"data.n_clips={3 if trains else 1}"]
    short = [
        "epochs=1",
        "method.n_batches=2",
        "method.batch_size=6",
        "++collaborative.shaping_epochs=0",
        *(["collaborative.n_steps=1"] if cfg.collaborative.n_steps else []),
    ]
    settings = [f"experiment={experiment}", *(data if OmegaConf.missing_keys(cfg) else []), *(short if trains else [])]
    settings += ["hydra.mode=RUN", "hydra.run.dir=out"]
    done = dap_run(*SMALL, *settings, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "run.json").read_text())["steps_done"] == 2


def test_help_is_complete_and_quick(tmp_path):
    begun = time.monotonic()
    page = dap_run("--help", folder=tmp_path)
    seconds = time.monotonic() - begun
    assert page.returncode == 0
    for word in ("data=file data.path=", "task.noise_std: 0.1", "model      ", "harmonic*", "hop_length", "Exit code"):
        assert word in page.stdout, word
    assert seconds < 2.5
    assert "dilation: [3, 3]" in dap_run("model=dilated_unet", "--help", folder=tmp_path).stdout


def test_completion_in_bash(tmp_path):
    program = Path(sys.executable).with_name("dap-run")
    script = f"""
PATH={program.parent}:$PATH
eval "$(dap-run -sc install=bash)"
COMP_LINE="dap-run model=wave_d"; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=(dap-run model=wave_d); COMP_CWORD=1
hydra_bash_completion
echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout.strip() == "model=wave_decoder", done.stderr


@pytest.mark.slow
def test_a_loss_that_is_no_number_is_a_failed_run(tmp_path):
    done = dap_run(*SMALL, "lr=1e30", "steps=20", "hydra.run.dir=out", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("dap-run: error: demo: the loss became ")
    assert done.stderr.count("\n") == 1
    facts = json.loads((tmp_path / "out" / "run.json").read_text())
    assert facts["status"] == "failed"
    assert "the loss became" in facts["reason"]
    assert not list(tmp_path.rglob("*.tmp"))
