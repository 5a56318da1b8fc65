"""The installed command: help, completion, runs of every kind, and one clear line for everything that is wrong."""

from concurrent.futures import ThreadPoolExecutor
import csv
import json
import os
from pathlib import Path
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
import torch

from dap.audio import read_audio, write_audio
from tests.conftest import dap_run
from tests.options import options
from tests.test_audio import damaged

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
    assert set(metrics["restored"]) == {"rule", "blind", "step"}
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


def test_a_sweep(tmp_path):
    done = dap_run("-m", *SMALL, "model=spectrogram_unet,harmonic", "hydra.sweep.dir=out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    models = [json.loads((tmp_path / "out" / str(index) / "run.json").read_text())["model"] for index in range(2)]
    assert models == ["spectrogram_unet", "harmonic"]
    assert "sweep: 2 finished" in done.stdout


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
    assert 'src="0/restored.wav"' in page
    assert 'href="0/report.html"' in page


@pytest.mark.parametrize("experiment", options("experiment"))
def test_every_experiment_runs(experiment, tmp_path):
    done = dap_run(*SMALL, f"experiment={experiment}", "hydra.run.dir=out", folder=tmp_path)
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
    assert "dilation: 3" in dap_run("model=dilated_unet", "--help", folder=tmp_path).stdout


def test_completion_in_bash(tmp_path):
    program = Path(sys.executable).with_name("dap-run")
    script = f"""
PATH={program.parent}:$PATH
eval "$(dap-run -sc install=bash)"
COMP_LINE="dap-run model=h"; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=(dap-run model=h); COMP_CWORD=1
hydra_bash_completion
echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout.strip() == "model=harmonic", done.stderr


def as_an_ordinary_user() -> None:
    """Root reads and writes everything; without these two capabilities it obeys the mode bits like anybody."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


SETTINGS_THAT_CANNOT_BE = {
    "unknown_option": ("model=harmonica", "model/harmonica"),
    "misspelt_key": ("stesp=3", "stesp: no such setting, did you mean steps?"),
    "misspelt_key_in_a_group": ("task.noise_sd=0.1", "task.noise_sd: no such setting, did you mean task.noise_std?"),
    "added_key": ("+stesp=3", "stesp: no such setting"),
    "added_key_in_a_group": ("+task.noise_sd=0.1", "task.noise_sd: no such setting"),
    "wrong_type": ("steps=many", "steps: Value 'many'"),
    "wrong_type_in_a_group": ("task.noise_std=loud", "task.noise_std: expected a number or null, got 'loud'"),
    "no_value": ("data=file", "data.path: needs a value"),
    "zero_steps": ("steps=0", "steps: must be at least 1, got 0"),
    "negative_steps": ("steps=-5", "steps: must be at least 1, got -5"),
    "zero_lr": ("lr=0", "lr: must be a number above 0, got 0"),
    "negative_lr": ("lr=-0.1", "lr: must be a number above 0, got -0.1"),
    "zero_hop": ("size.hop_length=0", "hop_length must be between 1 and n_fft = 1022 samples, got 0"),
    "hop_above_window": ("size.hop_length=1023", "hop_length must be between 1 and n_fft = 1022 samples, got 1023"),
    "negative_sigma": ("task.noise_std=-0.1", "task: noise_std must be a finite number, at least 0, got -0.1"),
    "unknown_noise": ("task.noise=blue", "task: noise must be one of white, pink, brown, tpdf or null, got 'blue'"),
    "two_noises": ("task.noise=pink task.noise_path=long.wav", "task: give one of noise and noise_path, got pink and long.wav"),
    "no_such_noise": ("task.noise_path=rain.wav", "rain.wav: no such file"),
    "silent_noise": ("task.noise_path=silence.wav", "silence.wav: the recording of noise is silent"),
    "one_level": ("task=quantization task.n_levels=1", "task: n_levels must be from 2 to 16777216, got 1"),
    "levels_and_bits": ("task=quantization task.n_bits=4", "task: give one of n_levels and n_bits and set the other to null"),
    "zero_mu": ("task=quantization task.mu_law=0", "task: mu_law must be a number above 0 or null, got 0"),
    "not_quantised": (
        "task=quantization data=file data.path=long.wav data.degraded=true",
        "is none of the 16 levels (data.peak=null leaves the level of the file as it is)",
    ),
    "factor_one": ("task=super_resolution task.factor=1", "task: factor must be at least 2, got 1"),
    "half_a_factor": ("task=super_resolution task.factor=2.5", "task.factor: expected a whole number, got 2.5"),
    "unknown_interpolation": (
        "task=super_resolution task.interpolation=cubic",
        "task: interpolation must be one of sinc, linear, got 'cubic'",
    ),
    "gap_outside": ("task=inpainting task.gaps=[[1.9,2.5]]", "gap [1.9, 2.5] s is not inside the clip of 2.214 s"),
    "all_gap": (
        "task=inpainting task.gaps=[[0,0.5]] data=file data.path=long.wav",
        "the gaps cover the whole clip of 0.500 s: nothing is left to observe",
    ),
    "half_a_gap": ("task=inpainting task.gaps=[[1]]", "task: gaps must be a list of [start, end] in s, got [[1]]"),
    "two_kinds_of_gap": (
        "task=inpainting task.gaps=[[1,1.1]] task.n_gaps=3",
        "task: give one of gaps, n_gaps, missing_share, mask_path, got gaps and n_gaps",
    ),
    "too_many_gaps": ("task=inpainting task.n_gaps=99", "99 gaps of 800 samples do not fit into 35420 samples"),
    "mask_of_another_length": (
        "task=inpainting task.mask_path=long.wav",
        "long.wav: the mask must be of one channel and 35420 samples as the clip, got (4000,)",
    ),
    "gaps_of_a_damaged_file": (
        "task=inpainting data=file data.path=long.wav data.degraded=true",
        "where a clip is damaged already its gaps cannot be drawn: give gaps or mask_path",
    ),
    "empty_chain": ("task=chain task.tasks=[]", "task: tasks must be at least one task, got none"),
    "chain_of_names": ("task=chain task.tasks=[denoise]", "task: tasks must be tasks, each with its _target_, got 'denoise'"),
    "wrong_link": (
        "task=chain task.tasks=[{_target_:dap.tasks.super_resolution.SuperResolution,factor:1}]",
        "task.tasks[0]: factor must be at least 2, got 1",
    ),
    "negative_snapshots": ("snapshot_every=0", "snapshot_every: must be at least 1, got 0"),
    "upsampler_it_cannot_use": (
        "model=demucs upsampler=dct",
        "upsampler: model=demucs upsamples in its own way and takes no other",
    ),
    "no_cuda": ("device=cuda", "device: cuda was asked for, but torch finds no CUDA device here"),
    "unknown_device": ("device=gpu", "device: must be auto, cpu or cuda, got 'gpu'"),
    "zero_threads": ("threads=0", "threads: must be at least 1 or null, got 0"),
    "foreign_target": ("task._target_=os.system", "expected a class or function inside dap. or torch.optim., got 'os.system'"),
    "foreign_target_added": ("+task.noise_std={_target_:os.system,command:ls}", "noise_std"),
    "unwritable_output": ("hydra.run.dir=locked/out", "Permission denied: 'locked/out'"),
    "oracle_without_reference": (
        "stopping=oracle data=file data.path=long.wav data.degraded=true",
        "the oracle needs a reference",
    ),
    "shorter_than_a_frame": (
        "data=file data.path=short.wav",
        "the clip has 1000 samples, shorter than one STFT frame of n_fft = 1022",
    ),
    "silence": ("data=file data.path=silence.wav", "silence.wav: the clip is silent"),
    "no_permission": ("data=file data.path=secret.wav", "secret.wav: no permission to read it"),
}
DAMAGED = ["missing", "folder", "empty", "text", "truncated_wav", "truncated_flac", "no_data", "zero_length"]
DAMAGED += ["no_channels", "adpcm", "claims", "nan", "inf"]


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory):
    """All the commands at once, two at a time: a name, the command's end, and what its line must say."""
    folder = tmp_path_factory.mktemp("mistakes")
    write_audio(folder / "short.wav", torch.randn(1, 1000), 8000)
    write_audio(folder / "long.wav", torch.randn(1, 4000), 8000)
    write_audio(folder / "silence.wav", torch.zeros(1, 4000), 8000)
    write_audio(folder / "secret.wav", torch.randn(1, 4000), 8000)
    (folder / "secret.wav").chmod(0)
    (folder / "locked").mkdir(mode=0o555)
    (folder / "files").mkdir()
    files = damaged(folder / "files")
    assert list(files) == DAMAGED
    cases = {name: (command.split(" "), message) for name, (command, message) in SETTINGS_THAT_CANNOT_BE.items()}
    cases |= {name: (["data=file", f"data.path={path}"], message.split("|")[0]) for name, (path, message) in files.items()}

    def run(case: tuple[str, list[str]]) -> tuple[subprocess.CompletedProcess[str], Path]:
        name, arguments = case
        own = folder / "runs" / name
        own.mkdir(parents=True)
        for path in folder.iterdir():
            if path.name not in ("runs", "files"):
                (own / path.name).symlink_to(path)
        command = [str(Path(sys.executable).with_name("dap-run")), "steps=1", *arguments]
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            command, cwd=own, env=environment, capture_output=True, text=True, check=False, preexec_fn=as_an_ordinary_user
        )
        return done, own

    with ThreadPoolExecutor(2) as pool:
        ends = pool.map(run, [(name, arguments) for name, (arguments, _) in cases.items()])
        return {name: (*end, cases[name][1]) for name, end in zip(cases, ends, strict=True)}


@pytest.mark.parametrize("name", [*SETTINGS_THAT_CANNOT_BE, *DAMAGED])
def test_a_mistake_is_one_clear_line(mistakes, name):
    done, folder, message = mistakes[name]
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("dap-run: error: ")
    assert message in lines[0]
    assert done.stdout == ""
    left = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not left, "nothing is left behind"


def test_a_loss_that_is_no_number_is_a_failed_run(tmp_path):
    done = dap_run(*SMALL, "lr=1e30", "steps=20", "hydra.run.dir=out", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("dap-run: error: demo: the loss became ")
    assert done.stderr.count("\n") == 1
    facts = json.loads((tmp_path / "out" / "run.json").read_text())
    assert facts["status"] == "failed"
    assert "the loss became" in facts["reason"]
    assert not list(tmp_path.rglob("*.tmp"))
