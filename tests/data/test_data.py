"""Sources of clips."""

import pytest
import torch

from dap.audio.sound_file import write_audio
from dap.data.clip import make_clip
from dap.data.demo import DEMO_CLIP, Demo
from dap.data.file import File
from dap.data.folder import Folder
from dap.data.tones import Tones


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    for index, name in enumerate(["b.wav", "a.wav", "inner/c.wav"]):
        write_audio(tmp_path / name, 0.1 * (index + 1) * torch.sin(torch.arange(8000.0))[None], 8000)
    (tmp_path / "notes.txt").write_text("no sound")
    return tmp_path


def test_the_demo_clip_is_short_and_small():
    clip = Demo()[0]
    assert clip.name == "demo"
    assert 1.8 < clip.waveform.shape[1] / clip.sample_rate < 2.5
    assert DEMO_CLIP.stat().st_size < 200_000


@pytest.mark.parametrize("peak", [1.0, 0.25])
def test_level_is_set_over_all_channels_and_can_be_undone(peak):
    waveform = torch.tensor([[0.0, 0.2, -0.1], [0.4, 0.0, 0.1]])
    clip = make_clip("stereo", waveform, 8000, peak=peak)
    assert float(clip.waveform.abs().max()) == pytest.approx(peak)
    assert torch.allclose(clip.waveform / clip.gain, waveform)


def test_level_can_be_left_alone():
    waveform = torch.tensor([[0.0, 0.2, -0.1]])
    clip = make_clip("quiet", waveform, 8000, peak=None)
    assert torch.equal(clip.waveform, waveform)
    assert clip.gain == 1


def test_a_file(folder):
    clip = File(str(folder / "a.wav"), start=0.25, seconds=0.5, degraded=True, sample_rate=4000)[0]
    assert (clip.name, clip.sample_rate, clip.degraded) == ("a", 4000, True)
    assert clip.waveform.shape == (1, 2000)


def test_a_folder_is_read_in_the_order_of_names(folder):
    assert Folder(str(folder), glob="*.wav").names == ["a", "b"]
    assert Folder(str(folder), glob="**/*.wav").names == ["a", "b", "inner/c"]
    assert Folder(str(folder), glob=["inner/*.wav", "b.wav", "*.wav"]).names == ["inner/c", "b", "a"]
    limited = Folder(str(folder), glob="**/*.wav", n_clips=2)
    assert [limited[index].name for index in range(len(limited.names))] == ["a", "b"]


def test_tones():
    clip = Tones([1000.0, 2000.0], 8192, 16000)[0]
    assert clip.name == "tones_1000_2000"
    assert clip.waveform.shape == (1, 8192)
    assert float(clip.waveform.abs().max()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda f: File(str(f / "a.wav"), start=-1.0)[0], "start must be at least 0 s, got -1"),
        (lambda f: File(str(f / "a.wav"), seconds=0.0)[0], "seconds must be above 0 or null, got 0"),
        (lambda f: File(str(f / "a.wav"), sample_rate=0)[0], "sample_rate must be from 1 to 10000000 Hz or null, got 0"),
        (lambda f: File(str(f / "a.wav"), peak=-1.0)[0], "peak must be above 0 or null, got -1"),
        (lambda f: File(str(f / "notes.txt"))[0], "not a sound file that can be read"),
        (lambda f: Folder(str(f / "none")), "path must be a folder, got .*none"),
        (lambda f: Folder(str(f), glob="*.mp3"), r"no file in .* fits the glob '\*\.mp3'"),
        (lambda f: Folder(str(f), n_clips=0), "n_clips must be at least 1 or null, got 0"),
        (lambda f: make_clip("silence", torch.zeros(1, 8), 8000, peak=1.0), "the clip is silent"),
    ],
)
def test_what_cannot_be_used(folder, make, message):
    with pytest.raises(ValueError, match=message):
        make(folder)
