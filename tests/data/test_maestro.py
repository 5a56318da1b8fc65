"""MAESTRO in its official layout, small."""

from pathlib import Path

import pytest
import soundfile
import torch

from dap.config.build import build
from tests.options import settings

HEADER = "canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Six pieces of half a second; those of the train split are not on the disk, as for one who fetched the test split."""
    folder = tmp_path / "maestro-v3.0.0"
    rows = [HEADER]
    for index in range(6):
        split, year = ("test", "train", "validation")[index % 3], 2004 + index
        name = f"{year}/MIDI-Unprocessed_0{index}_R1_{year}_wav--1"
        title = f'"Sonata in A Major, Op. {index}"'  # with a comma in it, as many have
        rows.append(f"Ludwig van Beethoven,{title},{split},{year},{name}.midi,{name}.wav,0.5\n")
        if split != "train":
            (folder / str(year)).mkdir(parents=True)
            soundfile.write(folder / f"{name}.wav", 0.3 * torch.rand(22050, 2).numpy(), 44100)
    (folder / "maestro-v3.0.0.csv").write_text("".join(rows))
    return folder


def dataset(path, *overrides):
    return build(settings("data=maestro", f"data.path={path}", *(f"data.{one}" for one in overrides))["data"], "data")


def test_excerpts_of_a_split(folder):
    for path in (folder, folder.parent):
        data = dataset(path, "n_clips=2", "seconds=0.2")
        assert sorted(data.names) == ["2004/MIDI-Unprocessed_00_R1_2004_wav--1", "2007/MIDI-Unprocessed_03_R1_2007_wav--1"]
    clips = [data[index] for index in range(2)]
    assert [tuple(clip.waveform.shape) for clip in clips] == [(2, 8820)] * 2
    assert clips[0].source.partition(",")[2] != clips[1].source.partition(",")[2]
    assert dataset(folder, "n_clips=1", "seconds=0.2", "mono=true")[0].waveform.shape == (1, 8820)
    validation = dataset(folder, "split=validation", "n_clips=null", "seconds=0.2")
    assert [name[:4] for name in validation.names] == ["2006", "2009"]


@pytest.mark.parametrize(
    ("content", "overrides", "message"),
    [
        (None, ["split=tests"], "split must be one of test, train, validation, got 'tests'"),
        (None, ["split=train", "n_clips=1", "seconds=0.2"], r"_wav--1.wav: no such file, though .*maestro-v3.0.0.csv names it"),
        (None, [], r"n_clips is 100, but .* has 0 sounds that last 3 s, of 2 in all"),
        ("", [], "maestro-v3.0.0.csv: has no column audio_filename and split"),
        (HEADER, [], r"split must be one of \(none: the list is empty\), got 'test'"),
        (HEADER + "Bach,Fugue,test,2004\n", [], "maestro-v3.0.0.csv, line 2: a row without split or audio_filename"),
    ],
)
def test_what_cannot_be_used(folder, content, overrides, message):
    if content is not None:
        (folder / "maestro-v3.0.0.csv").write_text(content)
    with pytest.raises(ValueError, match=message):
        dataset(folder, *overrides)


def test_where_to_get_it(folder, tmp_path):
    with pytest.raises(ValueError, match=r"no MAESTRO at .*: maestro-v3.0.0.csv is not there; unpack https://"):
        dataset(tmp_path / "none")
    (folder / "maestro-v2.0.0.csv").write_text(HEADER)
    with pytest.raises(
        ValueError, match=r"several versions of MAESTRO, maestro-v2.0.0.csv, maestro-v3.0.0.csv: give the folder"
    ):
        dataset(folder)
