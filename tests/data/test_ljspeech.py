"""LJSpeech in its official layout, small."""

from pathlib import Path
import tarfile

import pytest
import soundfile
import torch

from dap.audio.sound_file import read_audio
from dap.config.build import build
from tests.data.test_download import server  # noqa: F401
from tests.options import settings

LENGTHS = [9600, 3000, 12000, 11025, 66150]


@pytest.fixture
def folder(tmp_path) -> Path:
    """Five sentences of 16-bit sound at 22.05 kHz, one of 0.14 s, and one text with quotation marks."""
    folder = tmp_path / "data" / "LJSpeech-1.1"
    (folder / "wavs").mkdir(parents=True)
    lines = []
    for index, length in enumerate(LENGTHS, 1):
        name = f"LJ001-{index:04}"
        soundfile.write(folder / "wavs" / f"{name}.wav", 0.1 * torch.randn(length).numpy(), 22050, subtype="PCM_16")
        lines.append(f'{name}|"No. {index}|number {index}\n')
    (folder / "metadata.csv").write_text("".join(lines))
    return folder


def dataset(path, *overrides):
    return build(settings("data=ljspeech", f"data.path={path}", *(f"data.{one}" for one in overrides))["data"], "data")


def test_clips_that_are_long_enough(folder):
    for path in (folder, folder.parent):  # the folder, or the one that holds it
        data = dataset(path, "n_clips=4", "seconds=0.4")
        assert sorted(data.names) == ["LJ001-0001", "LJ001-0003", "LJ001-0004", "LJ001-0005"]
        clip = data[0]
        assert (clip.name, clip.sample_rate, clip.degraded) == (data.names[0], 22050, False)
        expected, _ = read_audio(folder / "wavs" / f"{clip.name}.wav", 0, 0.4)
        assert torch.allclose(clip.waveform, clip.gain * expected)


def test_the_defaults_are_the_papers(folder):
    with pytest.raises(ValueError, match=r"n_clips is 200, but .*metadata.csv has 1 sounds that last 3 s, of 5 in all"):
        dataset(folder)
    assert dataset(folder, "n_clips=null").names == ["LJ001-0005"]


def test_real_sentences_are_drawn_by_the_seed(test_audio, tmp_path):
    """The layout with real recordings in it; libsndfile knows a FLAC by what is in it, whatever its name."""
    folder = tmp_path / "LJSpeech-1.1"
    (folder / "wavs").mkdir(parents=True)
    names = sorted(path.stem for path in (test_audio / "speech_lj").glob("*.flac"))
    for name in names:
        (folder / "wavs" / f"{name}.wav").symlink_to((test_audio / "speech_lj" / f"{name}.flac").resolve())
    (folder / "metadata.csv").write_text("".join(f"{name}|text|text\n" for name in names))
    data = dataset(folder, "n_clips=12")
    assert data.names == dataset(folder, "n_clips=12").names != dataset(folder, "n_clips=12", "clip_seed=1").names
    assert "LJ001-0002" not in dataset(folder, "n_clips=null").names  # it lasts 1.9 s
    clip = data[0]
    assert clip.waveform.shape == (1, 66150)
    assert float(clip.waveform.abs().max()) == pytest.approx(1)


def test_download(folder, server, tmp_path, capsys):  # noqa: F811
    address, served = server
    with tarfile.open(served / "LJSpeech-1.1.tar.bz2", "w:bz2") as tar:
        tar.add(folder, "LJSpeech-1.1")
    here = tmp_path / "elsewhere"
    fetch = ["n_clips=null", "download=true", f"url={address}/LJSpeech-1.1.tar.bz2"]
    with pytest.raises(ValueError, match=r"its SHA-256 is .*, expected be1a30453f28eb8d"):
        dataset(here, *fetch)
    assert dataset(here, *fetch, "sha256=null").names == ["LJ001-0005"]
    (served / "LJSpeech-1.1.tar.bz2").unlink()
    assert dataset(here, *fetch).names == ["LJ001-0005"]  # what is there is not fetched again
    assert capsys.readouterr().err == ""  # no progress bar where there is no terminal


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("", "metadata.csv: names no clip"),
        ("LJ001-0005|a|a\nLJ001-0001\n", r"metadata.csv, line 2: expected id\|text\|normalised text, got 'LJ001-0001'"),
        ("\n", "metadata.csv, line 1: expected"),
        ("LJ001-0009|text|text\n", r"LJ001-0009.wav: no such file, though .*metadata.csv names it"),
    ],
)
def test_metadata_that_cannot_be_used(folder, metadata, message):
    (folder / "metadata.csv").write_text(metadata)
    with pytest.raises(ValueError, match=message):
        dataset(folder, "n_clips=null")


def test_where_to_get_it(tmp_path):
    with pytest.raises(ValueError, match=r"no LJSpeech at .*; unpack https://data.keithito.com/.* into .*data.download=true"):
        dataset(tmp_path)
    assert not list(tmp_path.iterdir())
