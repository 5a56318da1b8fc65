"""scripts/tables: the sweeps of a paper's table, and the table."""

import os
from pathlib import Path
import subprocess
import sys

import pytest
import torch

from dap.audio.sound_file import write_audio
from tests.conftest import REPOSITORY

SMALL = ["size.width=2", "size.n_fft=126", "size.hop_length=32", "steps=2", "snapshot_every=2", "threads=1"]


def tables(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    programs = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1", "OUT": "out"}
    command = [str(REPOSITORY / "scripts" / "tables"), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_priors_and_filters_in_one_table(tmp_path, generator):
    write_audio(tmp_path / "a.wav", torch.randn(1, 6000, generator=generator).cumsum(-1) / 100, 8000)
    data = ["data=folder", "data.path=.", "data.glob='*.wav'", "data.seconds=0.5"]
    done = tables("table2_quantization", *data, *SMALL, "model=harmonic,dilated_unet", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1:3] for line in (tmp_path / "out" / "table.md").read_text().splitlines() if line.startswith("|")]
    systems = {system.strip() for system, _ in rows}
    assert {"observation", "wiener", "log_mmse", "wavelet", "clamp", "smooth", "harmonic", "dilated_unet"} <= systems
    assert (tmp_path / "out" / "table.tex").exists()
    assert (tmp_path / "out" / "table.csv").exists()


@pytest.mark.slow
def test_the_priors_that_are_asked_for_and_dnp(tmp_path, generator):
    """model= is for the priors alone: each classical method is in the table once."""
    write_audio(tmp_path / "a.wav", torch.randn(1, 6000, generator=generator).cumsum(-1) / 100, 8000)
    data = ["data=folder", "data.path=.", "data.glob='*.wav'", "data.seconds=0.5"]
    done = tables("table1_music", *data, *SMALL, "steps=50", "model=dcgan,wave_unet", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1:3] for line in (tmp_path / "out" / "table.md").read_text().splitlines() if line.startswith("| ")]
    blind = [system.strip() for system, estimate in rows if "blind" in estimate]
    expected = "wiener log_mmse spectral_subtraction wavelet noisereduce restore dcgan wave_unet dnp_wave_unet"
    assert sorted(blind) == sorted(expected.split())


def test_an_unknown_table(tmp_path):
    done = tables("table9", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "tables: error: no table of this name: table9\n"
