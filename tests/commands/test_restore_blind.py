"""dap-restore without a checkpoint: the file's length, rate and channels; killed and gone on with; nothing left behind."""

from pathlib import Path
import subprocess
import sys
import time

import pytest
import soundfile
import torch

from dap.audio.kept_windows import KeptWindows
from dap.audio.sound_file import read_audio
from dap.commands.restore import main

RATE = 8000


def run(capsys, *arguments) -> tuple[int, str]:
    """The command's exit code and what it printed."""
    with pytest.raises(SystemExit) as done:
        main([*map(str, arguments), "--device", "cpu", "--threads", "1"])
    said = capsys.readouterr()
    return done.value.code, said.out + said.err


@pytest.fixture
def noisy(tmp_path, generator) -> Path:
    """Nine seconds of a tone in noise, stereo, 24 bits: three windows."""
    tone = 0.5 * torch.sin(torch.arange(9 * RATE + 77) * 0.3)
    sound = tone + 0.05 * torch.randn(2, len(tone), generator=generator)
    soundfile.write(tmp_path / "talk.wav", sound.T.numpy(), RATE, subtype="PCM_24")
    return tmp_path / "talk.wav"


def test_length_rate_channels_and_level_are_kept(noisy, tmp_path, capsys):
    code, said = run(capsys, noisy, "--out", tmp_path / "out", "--quality", "fast")
    assert (code, said.strip()) == (0, f"{tmp_path / 'out' / 'talk.wav'}: white noise at -26 dB")
    before, _ = read_audio(noisy)
    after, rate = read_audio(tmp_path / "out" / "talk.wav")
    assert (after.shape, rate) == (before.shape, RATE)
    tone = 0.5 * torch.sin(torch.arange(after.shape[1]) * 0.3)
    assert (after - tone).std() < (before - tone).std() / 4
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["talk.wav"]  # and no window is left behind


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on(noisy, tmp_path, capsys):
    """The windows that were done are not done again, and the end is the same, bit for bit."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "dap.commands.restore", str(noisy), "--out", str(out), "--quality", "fast"]
    process = subprocess.Popen([*command, "--threads", "1", "--device", "cpu"])
    kept = out / ".talk.wav.windows"
    while not any(kept.glob("*.npz")) and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert process.returncode < 0
    assert not (out / "talk.wav").exists()
    done = {path: path.stat().st_mtime_ns for path in kept.glob("*.npz")}
    assert 1 <= len(done) < 3
    begun = time.time_ns()
    assert run(capsys, noisy, "--out", out, "--quality", "fast")[0] == 0
    assert all(when < begun for when in done.values())
    assert run(capsys, noisy, "--out", tmp_path / "again", "--quality", "fast")[0] == 0
    assert (out / "talk.wav").read_bytes() == (tmp_path / "again" / "talk.wav").read_bytes()
    assert sorted(path.name for path in out.iterdir()) == ["talk.wav"]


def test_a_kept_window_is_for_the_same_sound_and_settings_alone(tmp_path):
    window = torch.ones(1, 5)
    made = KeptWindows(tmp_path, "fast").around(lambda window: 2 * window, [])(window)
    assert torch.equal(KeptWindows(tmp_path, "fast").around(lambda window: 3 * window, [])(window), made)
    assert torch.equal(KeptWindows(tmp_path, "best").around(lambda window: 3 * window, [])(window), 3 * window)
    assert torch.equal(KeptWindows(tmp_path, "fast").around(lambda window: 3 * window, [])(2 * window), 6 * window)
    for path in tmp_path.glob("*.npz"):
        path.write_bytes(path.read_bytes()[:-3])  # cut short
    assert torch.equal(KeptWindows(tmp_path, "fast").around(lambda window: 3 * window, [])(window), 3 * window)


def test_errors_are_one_line(noisy, tmp_path, capsys):
    code, said = run(capsys, noisy, "--out", tmp_path / "out", "--quality", "good")
    assert (code, said.count("\n")) == (2, 1)
    assert "quality must be one of fast, default, best, got 'good'" in said
    soundfile.write(tmp_path / "short.wav", [0.1] * 20, RATE)
    code, said = run(capsys, tmp_path / "short.wav", "--out", tmp_path / "out")
    assert (code, said.count("\n")) == (1, 1)
    assert "the clip has 20 samples" in said
    assert not list((tmp_path / "out").iterdir())
