"""Stretches: all of every file, at the level of the whole, and no file as a whole in memory."""

import pytest
import torch

from dap.audio.sound_file import write_audio
from dap.data.folder import Folder
from dap.data.music import Music
from dap.data.pairs import Pairs
from dap.data.stretches import Stretches
from dap.data.tones import Tones

RATE = 8000


@pytest.fixture
def folder(tmp_path):
    for name, seconds in (("a", 2.5), ("b", 0.4)):
        write_audio(tmp_path / f"{name}.wav", 0.5 * torch.rand(2, round(seconds * RATE)) - 0.25, RATE)
    return tmp_path


def test_stretches_joined_are_the_clip(folder):
    data = Folder(str(folder), "*.wav")
    stretches = Stretches(data, [0, 1], seconds=1.0)
    assert [item[0] for item in stretches.items] == [0, 0, 0, 1]
    joined = torch.cat([stretches[index][0] for index in range(3)], dim=1)
    assert torch.allclose(joined, data[0].waveform, atol=1e-7)
    assert torch.allclose(stretches[3][0], data[1].waveform, atol=1e-7)
    assert max(stretches[index][0].shape[1] for index in range(4)) <= RATE


def test_a_part_of_a_file_and_another_rate(folder):
    data = Folder(str(folder), "*.wav", start=0.1, seconds=0.25, sample_rate=4000, peak=None)
    stretches = Stretches(data, [0, 1], seconds=10.0)
    assert stretches.sample_rate == 4000
    for index in range(2):
        assert torch.allclose(stretches[index][0], data[index].waveform, atol=1e-6)


def test_a_data_set_that_tells_no_place_gives_its_clips_whole(tmp_path):
    tones = Stretches(Tones([440.0], 4000, RATE), [0], seconds=0.1)
    assert len(tones) == 1
    assert tones[0][1] is None
    for name in ("x_noisy", "x_clean"):
        write_audio(tmp_path / f"{name}.wav", torch.rand(1, RATE), RATE)
    pairs = Pairs(str(tmp_path / "*_noisy.wav"), str(tmp_path / "*_clean.wav"))
    reference, observation = Stretches(pairs, [0], seconds=0.1)[0]
    assert torch.equal(reference, pairs[0].waveform)
    assert torch.equal(observation, pairs[0].observation)


def test_wrong_data(folder):
    write_audio(folder / "c.wav", torch.rand(1, 100), 16000)
    with pytest.raises(ValueError, match=r"differ in rate: 8000 Hz \(a\), 16000 Hz \(c\); set data.sample_rate"):
        Stretches(Folder(str(folder), "*.wav"), [0, 1, 2], seconds=1.0)
    with pytest.raises(ValueError, match="no clip"):
        Stretches(Folder(str(folder), "*.wav"), [], seconds=1.0)
    with pytest.raises(ValueError, match=r"nothing to read at start 1.0 s: it lasts 0.400 s"):
        Stretches(Folder(str(folder), "*.wav", start=1.0), [0, 1], seconds=1.0)


def test_parts_that_a_seed_draws(tmp_path):
    (tmp_path / "cello").mkdir()
    for name in ("a", "b"):
        write_audio(tmp_path / "cello" / f"{name}.wav", torch.rand(2, 3 * RATE) - 0.5, RATE)
    data = Music(str(tmp_path), n_clips=2, seconds=1.5, mono=True)
    stretches = Stretches(data, [0, 1], seconds=1.0)
    for index in range(2):
        joined = torch.cat([stretches[2 * index][0], stretches[2 * index + 1][0]], dim=1)
        assert torch.allclose(joined, data[index].waveform, atol=1e-6)
