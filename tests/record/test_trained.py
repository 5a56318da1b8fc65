"""The file of a trained model: as it was written, and nothing else passes for one."""

from dataclasses import replace

import pytest
import torch

from dap.record.trained import Trained, read_trained, write_trained

MODEL = Trained({"window": 8}, {"factor": 2}, 8000, None, {"network": {"weight": torch.arange(3.0)}}, {"epoch": 1})


def test_it_is_read_as_it_was_written(tmp_path):
    write_trained(tmp_path, MODEL)
    found = read_trained(tmp_path / "best.pt")
    assert torch.equal(found.weights["network"]["weight"], MODEL.weights["network"]["weight"])
    assert replace(found, weights={}) == replace(MODEL, weights={})


def test_every_flipped_byte_is_noticed(tmp_path):
    write_trained(tmp_path, MODEL)
    content = (tmp_path / "best.pt").read_bytes()
    place = content.index(MODEL.weights["network"]["weight"].numpy().tobytes())
    damaged = bytearray(content)
    damaged[place + 5] ^= 1
    for wrong in (bytes(damaged), content[:-20], b"no zip at all", b""):
        (tmp_path / "best.pt").write_bytes(wrong)
        with pytest.raises(ValueError, match=r"best.pt: the checkpoint is damaged \(\d+ bytes\): train again, or take another"):
            read_trained(tmp_path / "best.pt")


def test_other_files_of_torch_are_refused(tmp_path):
    torch.save({"state": 1}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match=r"checkpoint.pt: no trained model: give the best.pt of a run of method=supervised"):
        read_trained(tmp_path / "checkpoint.pt")
    torch.save({"format": 99, "dap": "9.9", "trained": {}}, tmp_path / "later.pt")
    with pytest.raises(ValueError, match=r"later.pt: written by dap 9.9, this is"):
        read_trained(tmp_path / "later.pt")
