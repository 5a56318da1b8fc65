"""The checkpoint's file: what is damaged, or not this run's, is refused with the reason."""

import os
from pathlib import Path
import pickle
import zipfile

import pytest

from dap.record.checkpoint import read_checkpoint, write_checkpoint


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    write_checkpoint(tmp_path, "mine", {"numbers": list(range(1000))})
    return tmp_path / "checkpoint.pt"


def test_a_checkpoint_comes_back(checkpoint):
    assert read_checkpoint(checkpoint.parent, "mine") == {"numbers": list(range(1000))}


def test_a_checkpoint_cut_short_anywhere(checkpoint):
    content = checkpoint.read_bytes()
    for length in {*range(0, len(content), 97), len(content) - 1}:
        checkpoint.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"checkpoint.pt: the checkpoint is damaged .*restart=true begins the run anew"):
            read_checkpoint(checkpoint.parent, "mine")


def test_a_checkpoint_with_a_flipped_bit_is_refused_or_says_the_same(checkpoint):
    """A zip has bytes that mean nothing (padding, times): a flip there may pass, but never with another content."""
    content = bytearray(checkpoint.read_bytes())
    refused = 0
    for index in range(0, len(content), 13):
        content[index] ^= 1 << index % 8
        checkpoint.write_bytes(content)
        try:
            read = read_checkpoint(checkpoint.parent, "mine")
        except ValueError as error:
            refused += "checkpoint.pt: " in str(error)
        else:
            assert read == {"numbers": list(range(1000))}
        content[index] ^= 1 << index % 8
    assert refused > 0.5 * len(content) / 13


def test_a_checkpoint_of_another_run_or_version(checkpoint, monkeypatch):
    with pytest.raises(ValueError, match="the checkpoint of another run, its settings or its input differ: restart=true"):
        read_checkpoint(checkpoint.parent, "yours")
    monkeypatch.setattr("dap.record.checkpoint.__version__", "99.0")
    with pytest.raises(ValueError, match=r"written by dap .*, this is 99.0"):
        read_checkpoint(checkpoint.parent, "mine")


def test_a_checkpoint_that_would_run_something(checkpoint):
    with zipfile.ZipFile(checkpoint, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(os.getcwd))
        archive.writestr("archive/version", "3\n")
    with pytest.raises(ValueError, match="the checkpoint is damaged"):
        read_checkpoint(checkpoint.parent, "mine")
