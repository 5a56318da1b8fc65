"""The room, against the recursion that it stands for, and against sox."""

import itertools
import shutil
import subprocess

import pytest
import torch

from dap.audio.sound_file import read_audio, write_audio
from dap.dsp.reverb import reverberation

COMBS = (1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617)
SETTINGS = [{}, {"reverberance": 90.0, "hf_damping": 0.0}, {"room_scale": 30.0, "pre_delay_ms": 20.0, "wet_gain_db": -6.0}]


def recursion(sound: torch.Tensor, feedback: float, damping: float) -> torch.Tensor:
    """Freeverb sample by sample, at 44.1 kHz and a room scale of 100 %."""
    total = [0.0] * len(sound)
    for length in COMBS:
        buffer, store, place = [0.0] * length, 0.0, 0
        for index, value in enumerate(sound.tolist()):
            out = buffer[place]
            store = out + (store - out) * damping
            buffer[place] = value + store * feedback
            total[index] += out
            place = (place + 1) % length
    for length in (225, 341, 441, 556):
        buffer, place, done = [0.0] * length, 0, []
        for value in total:
            out = buffer[place]
            buffer[place] = value + 0.5 * out
            done.append(out - value)
            place = (place + 1) % length
        total = done
    return 0.015 * torch.tensor(total)


def test_it_is_the_recursion():
    """Feedback and damping of 50 % by sox's formulas: 1 − 0.7 · (0.02 / 0.7)^½, 0.35."""
    sound = torch.randn(1, 6000)
    feedback = 1 - 0.7 * (0.02 / 0.7) ** 0.5
    expected = recursion(sound[0], feedback, 0.35)
    assert float((reverberation(sound, 44100)[0] - expected).abs().max()) < 1e-5 * float(expected.abs().max())


SOXS = list(itertools.product(SETTINGS, [1, 2], [44100, 16000]))
NO_SOX = [pytest.param({}, 1, 44100, marks=pytest.mark.skip(reason="needs sox"))]


@pytest.mark.parametrize(("settings", "channels", "rate"), SOXS if shutil.which("sox") else NO_SOX)
def test_it_is_soxs(tmp_path, settings, channels, rate):
    """Up to its 24 bits: sox computes in float32."""
    names = ("reverberance", "hf_damping", "room_scale", "stereo_depth", "pre_delay_ms", "wet_gain_db")
    chosen = dict(zip(names, (50.0, 50.0, 100.0, 100.0 if channels == 2 else 0.0, 0.0, 0.0), strict=True)) | settings
    sound = 0.1 * torch.randn(channels, rate)
    write_audio(tmp_path / "in.wav", sound, rate)
    command = ["sox", "-R", "in.wav", "-b", "32", "-e", "float", "out.wav", "reverb", "-w", *map(str, chosen.values())]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    theirs, _ = read_audio(tmp_path / "out.wav")
    ours = reverberation(sound, rate, **chosen)
    assert theirs.shape == ours.shape
    assert float((ours - theirs).square().mean().sqrt()) < 1e-3 * float(theirs.square().mean().sqrt())


def test_longer_reverberance_lasts_longer():
    click = torch.zeros(1, 16000)
    click[0, 0] = 1.0
    tails = [float(reverberation(click, 16000, reverberance=level)[0, 8000:].square().sum()) for level in (0.0, 50.0, 100.0)]
    assert tails[0] < 0.01 * tails[1] < 0.01 * tails[2]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"reverberance": 101.0}, "reverberance must be from 0 to 100, got 101"),
        ({"pre_delay_ms": -1.0}, "pre_delay_ms must be from 0 to 500, got -1"),
        ({"wet_gain_db": 30.0}, "wet_gain_db must be from -60 to 20 dB, got 30"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        reverberation(torch.zeros(1, 8), 8000, **settings)
