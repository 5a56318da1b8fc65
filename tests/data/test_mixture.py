"""Several recordings heard at once: their levels, their lengths, and the whole way to a run folder."""

import json
from pathlib import Path

import pytest
import torch

from dap.audio.sound_file import read_audio, write_audio
from dap.data.mixture import Mixture
from dap.running.parts import build_parts
from dap.running.restoration import restore_clip
from tests.options import composed

TINY = ["size.width=2", "size.n_fft=126", "size.hop_length=32", "steps=3", "snapshot_every=2", "threads=1"]


@pytest.fixture
def paths(tmp_path) -> list[str]:
    """Noise of 0.5 s, and a tone of 0.6 s, twice as high a rate and two channels."""
    generator = torch.Generator().manual_seed(0)
    write_audio(tmp_path / "noise.wav", 0.1 * torch.randn(1, 4000, generator=generator), 8000)
    write_audio(tmp_path / "tone.wav", 0.5 * torch.sin(0.1 * torch.arange(9600.0)).expand(2, -1), 16000)
    return [str(tmp_path / "noise.wav"), str(tmp_path / "tone.wav")]


def test_levels_rate_and_length(paths):
    clip = Mixture(paths, levels_db=[0.0, -6.0], peak=0.8)[0]
    assert (clip.name, clip.sample_rate, clip.waveform.shape) == ("noise+tone", 8000, (2, 1, 4000))
    first, second = clip.waveform.square().mean((1, 2)).sqrt()
    assert float(20 * torch.log10(second / first)) == pytest.approx(-6, abs=0.01)
    assert float(clip.waveform.sum(0).abs().max()) == pytest.approx(0.8)
    noise, _ = read_audio(paths[0])
    assert torch.allclose(clip.waveform[0], clip.gain * noise, atol=1e-6)


def test_a_part_of_each(paths):
    clip = Mixture(paths, start=[0.1, 0.2], seconds=0.2, peak=None)[0]
    noise, _ = read_audio(paths[0], 0.1, 0.2)
    assert torch.allclose(clip.waveform[0], noise, atol=1e-7)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"levels_db": [0.0]}, r"levels_db must be one number for each of the 2 paths, got \[0.0\]"),
        ({"start": [0.0, 1.0, 2.0]}, "start must be one number for each of the 2 paths"),
        ({"levels_db": [0.0, float("inf")]}, "levels_db must be finite"),
    ],
)
def test_wrong_settings(paths, settings, message):
    with pytest.raises(ValueError, match=message):
        Mixture(paths, **settings)


def test_one_recording_is_no_mixture(paths):
    with pytest.raises(ValueError, match="paths must be two recordings or more"):
        Mixture(paths[:1])


def test_unlike_channels(paths):
    with pytest.raises(ValueError, match=r"\[1, 2\] channels: take data.mono=true"):
        Mixture(paths, mono=False)[0]


def made(*overrides: str):
    choices = {"task": "separation", "model": "harmonic", "method": "double_dip", "size": "quick", "stopping": "fixed"}
    return build_parts(composed(*overrides), choices, [])


def test_a_run_folder_holds_each_source(paths, tmp_path):
    parts = made("method=double_dip", "data=mixture", f"data.paths=[{','.join(paths)}]", *TINY)
    folder = tmp_path / "run"
    metrics = restore_clip(parts, parts.data[0], folder)
    sounds = [f"{kind}_{number}.wav" for kind in ("restored", "reference") for number in (1, 2)]
    assert all((folder / name).exists() for name in sounds)
    mixture, rate = read_audio(folder / "observation.wav")
    assert rate == 8000
    assert torch.allclose(sum(read_audio(folder / f"restored_{number}.wav")[0] for number in (1, 2)), mixture, atol=1e-6)
    assert torch.allclose(sum(read_audio(folder / f"reference_{number}.wav")[0] for number in (1, 2)), mixture, atol=1e-6)
    for entry in ("observation", "restored", "oracle"):
        for name in ("sdr", "sir", "sar", "si_sdr"):
            mean = sum(metrics[entry]["sources"][number][name] for number in ("1", "2")) / 2
            assert metrics[entry][name] == pytest.approx(mean)
    assert metrics["oracle"]["si_sdr"] >= metrics["restored"]["si_sdr"]
    page = (folder / "report.html").read_text()
    assert page.count("<audio") == 2 + 1 + 2 + 2 + 3  # references, mixture, restored, oracle, snapshots
    assert "restored, source 2" in page
    assert json.loads((folder / "run.json").read_text())["n_sources"] == 2
    assert restore_clip(parts, parts.data[0], folder) == json.loads((folder / "metrics.json").read_text())  # finished already


def test_a_mixture_without_references_gives_sources_without_scores(paths, tmp_path):
    mixture = f"data.path={Path(paths[0])}"
    parts = made("method=double_dip", "task.n_sources=3", "data=file", mixture, "data.degraded=true", *TINY)
    metrics = restore_clip(parts, parts.data[0], tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").glob("restored*.wav")) == [f"restored_{k}.wav" for k in (1, 2, 3)]
    assert "si_sdr" not in metrics["restored"]
    assert "there are no scores" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize(
    "overrides",
    [
        ["method=double_dip", "data=demo"],
        ["method=double_dip", "data=mixture", "data.paths=[{0},{1}]", "task.n_sources=3"],
        ["method=deep_prior", "task=separation", "data=mixture", "data.paths=[{0},{1}]"],
    ],
)
def test_what_does_not_go_together_is_told_in_a_line(paths, tmp_path, overrides):
    parts = made(*(override.format(*paths) for override in overrides), *TINY)
    with pytest.raises(ValueError, match=r"expected \d sources, \(source, channel, time\), got shape") as told:
        restore_clip(parts, parts.data[0], tmp_path / "run")
    assert "\n" not in str(told.value)
