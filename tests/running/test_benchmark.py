"""What the operator may cost, against a 7 × 7 convolution in the same run, and the script that measures it."""

import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time

import pytest

from dap.layers.precision import multiplies_bfloat16
from dap.running.benchmark import peak_memory, time_operators
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
    seconds = time_operators(35, 512, 128, repeats=3)
    assert seconds[HARMONIC] <= 2 * seconds[CONVOLUTION]


SCRIPT = [sys.executable, str(REPOSITORY / "scripts" / "benchmark"), "--device", "cpu", "--threads", "1"]
SCRIPT += ["--channels", "2", "--bins", "32", "--frames", "8", "--seconds", "0.2", "--models", "spectrogram_unet"]


def measuring_process(script: int, seconds: float = 60) -> int:
    """The process that the script has spawned to measure a row in."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        for path in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == script and "multiprocessing.spawn" in (path / "cmdline").read_text():
                    return int(path.name)
            except OSError:
                continue  # it has ended
        time.sleep(0.05)
    raise AssertionError(f"no process within {seconds} s")


@pytest.mark.slow
def test_the_script(tmp_path):
    command = [*SCRIPT, "--precisions", "float32", "bfloat16", "--steps", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    there = multiplies_bfloat16("cpu")  # where it is not, its rows say so
    assert done.returncode == (0 if there else 2), done.stderr
    assert there or len(re.findall("1 thread, bfloat16 +precision: bfloat16 needs", done.stdout)) == 2
    assert "harmonic, shared kernel" in done.stdout
    assert "1 thread" in done.stdout
    found = re.findall(r"spectrogram_unet +1 thread, (\w+) +(\S+) s +(\S+) GB +(\S+) M", done.stdout)
    assert [precision for precision, *_ in found] == (["float32", "bfloat16"] if there else ["float32"])
    for _, seconds, memory, weights in found:
        assert 0 < float(seconds) < 10
        assert 0.1 < float(memory) < 3, "a process that has loaded torch, and a small network"
        assert float(weights) == pytest.approx(0.270, abs=0.001)


@pytest.mark.slow
def test_a_row_that_is_killed_or_refused_says_so_and_the_next_one_has_its_turn(tmp_path):
    """A row with a thread never ends by itself; a script that waits for the dead is killed, and the test fails."""
    command = [*SCRIPT, "--threads", "1", "1", "0", "--steps", "1000000"]
    log = tmp_path / "log"
    with open(log, "w") as file:
        script = subprocess.Popen(command, cwd=tmp_path, stdout=file, stderr=file)
    try:
        begun = time.monotonic()
        while "fits, size=quick" not in log.read_text():
            assert script.poll() is None, log.read_text()
            assert time.monotonic() - begun < 120, "no fits"
            time.sleep(0.1)
        for number in (signal.SIGSEGV, signal.SIGKILL):
            os.kill(measuring_process(script.pid), number)
            while f"crashed (signal {number:d})" not in log.read_text() and time.monotonic() - begun < 240:
                time.sleep(0.1)
        assert script.wait(60) == 1
    finally:
        script.kill()
        script.wait()
    rows = log.read_text().rpartition("weights\n")[2].splitlines()
    assert [row.partition("float32")[2].strip() for row in rows] == [
        "crashed (signal 11)",
        "crashed (signal 9)",
        "threads: must be at least 1 or null, got 0",
    ]
