"""What the operator may cost, against a 7 × 7 convolution in the same run, and the script that measures it."""

import re
import subprocess
import sys

import pytest

from dap.benchmark import peak_memory, time_operators
from tests.conftest import REPOSITORY

CONVOLUTION, HARMONIC = "conv2d 7 × 7", "harmonic, shared kernel"


@pytest.mark.slow
def test_memory_of_the_harmonic_convolution():
    convolution, harmonic = (peak_memory(name, 35, 512, 128) for name in (CONVOLUTION, HARMONIC))
    maps = 4 * 35 * 512 * 128
    assert convolution > 2 * maps, "an output and a gradient at least, or the measurement is wrong"
    assert harmonic <= 3 * convolution


@pytest.mark.slow
def test_speed_of_the_harmonic_convolution():
    seconds = time_operators(35, 512, 128, "cpu", repeats=3)
    assert seconds[HARMONIC] <= 2 * seconds[CONVOLUTION]


@pytest.mark.slow
def test_the_script(tmp_path):
    command = [sys.executable, str(REPOSITORY / "scripts" / "benchmark"), "--device", "cpu", "--threads", "1"]
    command += ["--precisions", "float32", "bfloat16"]
    small = [
        "--channels",
        "2",
        "--bins",
        "32",
        "--frames",
        "8",
        "--seconds",
        "0.2",
        "--models",
        "spectrogram_unet",
        "--steps",
        "1",
    ]
    done = subprocess.run([*command, *small], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "harmonic, shared kernel" in done.stdout
    assert "1 thread" in done.stdout
    found = re.findall(r"spectrogram_unet +1 thread, (\w+) +(\S+) s +(\S+) GB +(\S+) M", done.stdout)
    assert [precision for precision, *_ in found] == ["float32", "bfloat16"]
    for _, seconds, memory, weights in found:
        assert 0 < float(seconds) < 10
        assert 0.1 < float(memory) < 3, "a process that has loaded torch, and a small network"
        assert float(weights) == pytest.approx(0.270, abs=0.001)
