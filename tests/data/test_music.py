"""MUSIC as its users keep it: a folder an instrument."""

from pathlib import Path

import pytest
import soundfile
import torch

from dap.config.build import build
from tests.options import settings

VIDEOS = {"cello": ["-bK9Z0dC2.wav", "x_1.flac"], "flute": ["a.b.wav", "short.wav"], "violin duet": ["v.ogg", "v.wav"]}


@pytest.fixture
def folder(tmp_path) -> Path:
    """Half a second of stereo each, one a tenth of that; one is there in two formats; and files that are no sound."""
    for instrument, videos in VIDEOS.items():
        (tmp_path / instrument).mkdir()
        for video in videos:
            length = 800 if video == "short.wav" else 4000
            soundfile.write(tmp_path / instrument / video, 0.3 * torch.randn(length, 2).clamp(-1, 1).numpy(), 8000)
    (tmp_path / "cello" / "frames.txt").write_text("no sound")
    (tmp_path / ".cache").mkdir()
    (tmp_path / "MUSIC_solo_videos.json").write_text("{}")
    return tmp_path


def dataset(path, *overrides):
    return build(settings("data=music", f"data.path={path}", *(f"data.{one}" for one in overrides))["data"], "data")


def test_excerpts(folder):
    data = dataset(folder, "n_clips=null", "seconds=0.25")
    assert data.names == ["cello/-bK9Z0dC2", "cello/x_1", "flute/a.b", "violin duet/v"]
    clips = [data[index] for index in range(4)]
    assert {tuple(clip.waveform.shape) for clip in clips} == {(2, 2000)}
    starts = {clip.source.partition(", from ")[2] for clip in clips}
    assert len(starts) == 4  # each begins somewhere else
    assert dataset(folder, "n_clips=null", "seconds=0.25", "mono=true")[0].waveform.shape == (1, 2000)
    assert clips[3].source.partition(",")[0].endswith("v.wav")


def test_instruments(folder):
    assert dataset(folder, "instruments=[flute]", "n_clips=2", "seconds=null").names != []
    names = dataset(folder, "instruments=[flute,cello]", "n_clips=null", "seconds=null").names
    assert names == ["cello/-bK9Z0dC2", "cello/x_1", "flute/a.b", "flute/short"]
    with pytest.raises(ValueError, match=r"no instrument tuba in .*, which has cello, flute, violin duet"):
        dataset(folder, "instruments=[tuba]")


def test_what_is_not_there(folder, tmp_path):
    with pytest.raises(ValueError, match=r"no MUSIC at .*/none: no such folder; https://github.com/roudimit/MUSIC_dataset"):
        dataset(tmp_path / "none")
    with pytest.raises(ValueError, match=r"no MUSIC at .*: no sound in a subfolder; https"):
        dataset(folder / "cello")
    with pytest.raises(ValueError, match=r"n_clips is 200, but .* has 0 sounds that last 3 s, of 5 in all"):
        dataset(folder)


def test_real_music(test_audio):
    """The folder of solo recordings taken for an instrument's."""
    data = dataset(test_audio, "instruments=[music_solo]", "n_clips=5", "sample_rate=22050")
    assert {tuple(data[index].waveform.shape) for index in range(5)} == {(1, 66150)}
