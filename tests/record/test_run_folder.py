"""The run folder: levels, rates, what is kept when a run ends early, and pictures that are pictures."""

import io
import json
import re

import matplotlib.image
import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.data.clip import Clip
from dap.methods.stopping import Fixed, Oracle
from dap.record.plots import draw_comparison, draw_curves, draw_spectrograms
from dap.record.run_folder import RunFolder
from dap.tasks.denoise import Denoise


@pytest.fixture
def clip() -> Clip:
    """Half a second whose file was four times quieter than the level that is worked at."""
    return Clip("clip", torch.rand(1, 4000) - 0.5, 8000, degraded=False, source="clip.wav", gain=4.0)


def recorded(path, clip: Clip, n_steps: int = 3) -> RunFolder:
    folder = RunFolder(path, clip, clip.waveform + 0.1, {"task": "denoise", "system": "harmonic"})
    for step in range(n_steps):
        estimate = clip.waveform * (step + 1) / n_steps
        folder.add_iterate(step, 1.0 / (step + 1), estimate, estimate, None)
        folder.add_snapshot(step, estimate)
    return folder


def test_sounds_are_written_at_the_level_of_the_input(tmp_path, clip):
    recorded(tmp_path, clip)
    for name, expected in (("reference.wav", clip.waveform), ("snapshots/step_000002.wav", clip.waveform)):
        waveform, rate = read_audio(tmp_path / name)
        assert rate == 8000
        assert torch.allclose(waveform, expected / 4, atol=1e-7)


def test_what_is_known_is_on_disk_before_the_end(tmp_path, clip):
    folder = recorded(tmp_path, clip)
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "running"
    assert len((tmp_path / "curves.csv").read_text().splitlines()) == 4
    folder.write_status("interrupted", reason="KeyboardInterrupt")
    facts = json.loads((tmp_path / "run.json").read_text())
    assert (facts["status"], facts["steps_done"], facts["reason"]) == ("interrupted", 2, "KeyboardInterrupt")


def test_blind_and_oracle_side_by_side(tmp_path, clip):
    folder = recorded(tmp_path, clip)
    rule, oracle = Fixed(0), Oracle()
    oracle.start(Denoise(noise_std=0.1), folder.observation, clip.waveform)
    rule.update(0, clip.waveform + 0.05)
    oracle.update(2, clip.waveform + 0.01)
    metrics = folder.finish("fixed", rule, oracle, clip.waveform + 0.05)
    assert metrics == json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["restored"]["blind"]
    assert not metrics["oracle"]["blind"]
    assert metrics["oracle"]["si_sdr"] > metrics["restored"]["si_sdr"] > metrics["observation"]["si_sdr"]
    page = (tmp_path / "report.html").read_text()
    assert "oracle (step 2; needs the reference)" in page
    assert "its level times 4" in page


def test_a_long_run_keeps_its_report_small(tmp_path, clip):
    folder = recorded(tmp_path, clip, n_steps=40)
    rule = Fixed()
    rule.update(39, clip.waveform)
    folder.finish("fixed", rule, None, clip.waveform)
    page = (tmp_path / "report.html").read_text()
    steps = re.findall(r' data-step="(\d+)"', page)
    assert (len(steps), steps[0], steps[-1]) == (12, "0", "39")


def test_one_estimate_has_no_curves(tmp_path, clip):
    folder = recorded(tmp_path, clip, n_steps=1)
    folder.facts["noise_std"] = 0.4
    rule = Fixed()
    rule.update(0, clip.waveform)
    folder.finish("none", rule, None, clip.waveform)
    page = (tmp_path / "report.html").read_text()
    assert not (tmp_path / "curves.png").exists()
    assert "<svg" not in page
    assert " data-step=" not in page
    assert "noise at -20 dB" in page, "0.4 at four times the level of the input"
    assert "differs from the reference by σ = 0.025 (-32.0 dB of full scale)" in page


@pytest.mark.parametrize("n_samples", [4, 100, 5000])
def test_pictures_of_any_length(n_samples):
    rows = [{"step": float(step), "loss": 1.0, "psnr_observation": 1.0 + step} for step in range(3)]
    sounds = {"a": torch.randn(2, n_samples), "b": torch.zeros(2, n_samples)}
    for png in (draw_curves(rows, {"restored": 1}), draw_comparison({"a": rows}), draw_spectrograms(sounds, 8000)):
        picture = matplotlib.image.imread(io.BytesIO(png))
        assert picture.std() > 0.01, "not a blank page"
