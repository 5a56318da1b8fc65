"""Resampling."""

import math
import subprocess
import sys

import pytest
import torch

from dap.dsp.resample import resample


def sine(frequency: float, rate: int) -> torch.Tensor:
    return torch.sin(2 * math.pi * frequency * torch.arange(rate, dtype=torch.float64) / rate)


@pytest.mark.parametrize(("rate", "new_rate"), [(44100, 16000), (16000, 44100), (22050, 11025)])
def test_a_tone_below_both_nyquists_passes(rate, new_rate):
    inner = slice(500, -500)
    assert torch.allclose(resample(sine(1000, rate), rate, new_rate)[inner], sine(1000, new_rate)[inner], atol=1e-4)


def test_a_tone_above_the_new_nyquist_is_gone():
    assert 20 * math.log10(float(resample(sine(9000, 44100), 44100, 16000)[500:-500].abs().max())) < -90


def test_any_leading_shape_and_length():
    assert resample(torch.zeros(2, 3, 1001), 3, 2).shape == (2, 3, 668)


def test_wrong_rates():
    with pytest.raises(ValueError, match="at least 1 Hz, got 16000 and 0"):
        resample(torch.zeros(10), 16000, 0)


@pytest.mark.slow
def test_without_torchaudio_there_is_one_line():
    code = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torchaudio":
            raise ImportError("no torchaudio on this machine")

sys.meta_path.insert(0, Absent())
import torch
from dap.dsp.resample import resample
try:
    resample(torch.zeros(8), 2, 1)
except ValueError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("changing the sample rate needs torchaudio, which does not load here: ")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(("rate", "new_rate"), [(44100, 44101), (9_999_991, 22050), (22050, 9_999_991)])
def test_rates_with_nothing_in_common_are_refused_before_they_fill_the_memory(rate, new_rate):
    with pytest.raises(ValueError, match=rf"from {rate} to {new_rate} Hz takes a filter of \d+ coefficients"):
        resample(torch.zeros(1, 10), rate, new_rate)
