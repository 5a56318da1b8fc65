"""Mixtures of instruments: what is held out stays out, and what is for testing is not trained on."""

from pathlib import Path

import pytest
import torch

from dap.audio.sound_file import write_audio
from dap.data.instruments import Instruments
from dap.methods.learned.mixture_batches import MixtureBatches

RATE = 8000


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two files of 2 s of each of three instruments; the samples of a file rise, so that its parts can be told."""
    for level, instrument in enumerate(("violin", "cello", "congas")):
        (tmp_path / instrument).mkdir()
        for number in (1, 2):
            ramp = (torch.arange(2 * RATE) + 1) / (2 * RATE) * (level + 1) / 4
            write_audio(tmp_path / instrument / f"{instrument}{number}.wav", ramp[None], RATE)
    return tmp_path


def instruments(folder, **settings) -> Instruments:
    return Instruments(str(folder), **{"holdout": "congas", "sample_rate": RATE, "seconds": 0.5, "n_clips": 4, **settings})


def test_the_held_out_instrument_is_tested_with_and_not_trained_on(folder):
    data = instruments(folder)
    assert set(data.training) == {"violin", "cello"}
    assert set(data.partners) == {"congas"}
    assert [sound.name for sound in data.testing["congas"]] == ["congas1", "congas2"]
    assert set(instruments(folder, test="seen").partners) == {"cello"}


def test_by_files_or_by_time_what_is_tested_is_not_trained_on(folder):
    data = instruments(folder)
    for name in ("violin", "cello"):
        trained, tested = ({sound.name for sound in sounds[name]} for sounds in (data.training, data.testing))
        assert trained | tested == {f"{name}1", f"{name}2"}
        assert not trained & tested
    data = instruments(folder, split="time", test_share=0.4)
    for name in ("violin", "cello"):
        for trained, tested in zip(data.training[name], data.testing[name], strict=True):
            assert (len(trained.samples), len(tested.samples)) == (9600, 6400)
            assert trained.samples[-1] / trained.samples[0] > 9000  # the beginning of the ramp; what follows is another scale
            assert 1.6 < tested.samples[-1] / tested.samples[0] < 1.7  # 16000 / 9601


def test_test_mixtures_are_the_same_each_time_and_equally_loud(folder):
    first, second, other = instruments(folder), instruments(folder), instruments(folder, clip_seed=1)
    clip = first[1]
    assert (clip.name, clip.waveform.shape, clip.sample_rate) == ("001_violin+congas", (2, 1, 4000), RATE)
    assert torch.equal(clip.waveform, second[1].waveform)
    assert not torch.equal(clip.waveform, other[1].waveform)
    assert float(clip.waveform[0].square().mean() / clip.waveform[1].square().mean()) == pytest.approx(1, abs=1e-4)
    assert float(clip.waveform.sum(0).abs().max()) == pytest.approx(1)


def test_files_by_pattern(tmp_path, folder):
    files = {"fiddle": "violin/*1.wav", "bass": ["cello/*.wav", "nothing*"], "drums": "congas/*"}
    data = instruments(folder, files=files, target="fiddle", holdout="drums", split="time", test_share=0.5)
    assert {name: len(sounds) for name, sounds in data.training.items()} == {"fiddle": 1, "bass": 2}


def test_batches_follow_from_seed_epoch_and_number(folder):
    data = instruments(folder)

    def batches(seed: int = 0) -> MixtureBatches:
        return MixtureBatches(data.training, "violin", 400, batch_size=2, n_batches=3, level_db=6.0, seed=seed)

    whole = [batch[0] for batch in batches().epoch(1)]
    rest = [batch[0] for batch in batches().epoch(1, first=2)]
    assert [batch.shape for batch in whole] == [(2, 2, 400)] * 3
    assert len(rest) == 1
    assert torch.equal(rest[0], whole[2])
    assert not torch.equal(next(batches().epoch(0))[0], whole[0])
    assert not torch.equal(next(batches(seed=1).epoch(1))[0], whole[0])
    loudness = torch.stack(whole).square().mean(-1).sqrt()
    assert torch.allclose(loudness[..., 0], torch.ones(3, 2), atol=1e-5)
    assert 10 ** (-6 / 20) <= loudness[..., 1].min() < loudness[..., 1].max() <= 10 ** (6 / 20)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "oboe"}, "no instrument oboe in .*, which has cello, congas, violin"),
        ({"holdout": "violin"}, "needs the target, another instrument to train with"),
        ({"holdout": None}, "give data.holdout, or data.test=seen"),
        ({"test": "all"}, "test must be one of holdout, seen, got 'all'"),
        ({"split": "half"}, "split must be one of time, file, got 'half'"),
        ({"test_share": 1.0}, "test_share must be above 0 and below 1"),
        ({"n_clips": 0}, "n_clips must be at least 1"),
        ({"seconds": 3.0}, "violin has less than 3 s to train on or to test with"),
    ],
)
def test_wrong_settings(folder, settings, message):
    with pytest.raises(ValueError, match=message):
        instruments(folder, **settings)


def test_no_folder():
    with pytest.raises(ValueError, match="no such folder: /nowhere"):
        Instruments("/nowhere", holdout="congas")
