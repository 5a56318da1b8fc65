"""Damaged sound files: a waveform or one line, never a crash, a hang, or memory for what is not there."""

import json
import os
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import torch

from dap.audio import sound_file as audio
from dap.audio.sound_file import read_audio
from tests.conftest import REPOSITORY

N_DAMAGED = int(os.environ.get("DAP_FUZZ_READER", 1500))


def fuzz(path: Path, *arguments: str) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz_reader", str(path), *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"exit {done.returncode} with {path}\n{done.stderr[-3000:]}"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_damaged_files(tmp_path):
    counts = fuzz(tmp_path / "damaged", "damage", str(N_DAMAGED))
    print(counts)
    assert counts["waveform"] + counts["ValueError"] >= N_DAMAGED
    assert min(counts["waveform"], counts["ValueError"]) > 0.1 * N_DAMAGED  # both ends of the reader are tried
    assert counts["grown_mb"] < 250  # most of it is hypothesis keeping count


@pytest.mark.slow
def test_files_that_claim_to_be_huge(tmp_path):
    """In a process that may not take 1 GiB more than it has: up to 2³⁶ samples are claimed, and 3000 there."""
    counts = fuzz(tmp_path / "claims", "claims")
    print(counts)
    assert counts["waveform"] + counts["ValueError"] > 500
    assert counts["grown_mb"] < 100


@pytest.mark.parametrize(("name", "tolerance"), [("a.wav", 0), ("a.flac", 0), ("a.ogg", 0), ("a.mp3", 2**-22)])
def test_reading_in_blocks_changes_nothing(tmp_path, monkeypatch, name, tolerance):
    """Of an MP3 the last bit: its decoder rounds otherwise where a block begins."""
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (20000, 2))
    soundfile.write(tmp_path / name, samples, 22050)
    whole, _ = read_audio(tmp_path / name, 0.1)
    monkeypatch.setattr(audio, "_BLOCK", 1001)
    assert float((read_audio(tmp_path / name, 0.1)[0] - whole).abs().max()) <= tolerance


@pytest.mark.parametrize("rate", [2**31 - 1, 10_000_001])
def test_a_rate_that_no_sound_has(tmp_path, rate):
    content = bytearray(audio.encode_wav(torch.zeros(1, 10), 8000))
    content[24:28] = rate.to_bytes(4, "little")
    (tmp_path / "fast.wav").write_bytes(content)
    with pytest.raises(ValueError, match=rf"fast\.wav: the header says {rate} Hz, expected 1 to 10000000"):
        read_audio(tmp_path / "fast.wav")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(ValueError, match="is a pipe or a device, expected a file"):
        read_audio(tmp_path / "pipe.wav")


def test_what_does_not_fit_into_the_memory_says_so(tmp_path, monkeypatch):
    def too_much(*_arguments):
        raise MemoryError

    soundfile.write(tmp_path / "long.wav", np.zeros(100), 8000)
    monkeypatch.setattr(audio, "_read_blocks", too_much)
    with pytest.raises(ValueError, match=r"long\.wav: 100 frames do not fit into the memory"):
        read_audio(tmp_path / "long.wav")


def test_a_name_that_is_no_text(tmp_path):
    """A Latin-1 file name, as old file servers have them."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    soundfile.write(os.fsencode(path), np.ones(100), 8000)
    assert read_audio(path)[0].shape == (1, 100)
