"""Weights & Biases, offline: its log, read back."""

import json
import struct

import pytest

pytest.importorskip("wandb", reason="pip install 'dap[wandb]' to test it")

from dap.record.trackers.wandb import WandB
from tests.record.trackers.story import FACTS, tell


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wandb")
    tell(WandB(), folder)
    import wandb

    wandb.teardown()  # its service writes on after the run's end; at a program's end W&B does this itself
    return folder


def records(folder):
    """What was logged, in order: a file of records in LevelDB's log format, with 7 bytes of W&B before it."""
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = folder.glob("wandb/offline-run-*/*.wandb")
    content, place, message = path.read_bytes(), 7, b""
    while place < len(content):
        if 32768 - place % 32768 < 7:  # no room for a header: the block ends in zeros
            place += 32768 - place % 32768
            continue
        _, length, kind = struct.unpack("<IHB", content[place : place + 7])
        message += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # the whole of a record, or its last part
            yield Record.FromString(message)
            message = b""


def items(message) -> dict:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in message}


def test_curves_config_and_scores(folder):
    found = list(records(folder))
    (run,) = [record.run for record in found if record.HasField("run")][:1]
    assert (run.project, run.display_name) == ("dap", "denoise harmonic a")
    assert items(run.config.update)["seed"] == FACTS["seed"]
    rows = [items(record.history.item) for record in found if record.HasField("history")]
    losses = {row["_step"]: row["loss"] for row in rows if "loss" in row}
    assert losses == {0: 1.0, 1: 0.5, 2: 0.25}
    assert any(row.get("restored/_type") == "audio-file" for row in rows)
    summary = {}
    for record in found:
        if record.HasField("summary"):
            summary |= items(record.summary.update)
    assert (summary["restored/si_sdr"], summary["status"]) == (9.0, "finished")
    assert [record.exit.exit_code for record in found if record.HasField("exit")] == [0]


def test_sounds_and_pictures_are_files(folder):
    media = next(folder.glob("wandb/offline-run-*/files/media"))
    assert len(list(media.glob("audio/estimate_*.wav"))) == 3
    assert len(list(media.glob("images/curves_*.png"))) == 1


def test_unknown_mode():
    with pytest.raises(ValueError, match="mode must be one of offline, online, got 'on'"):
        WandB(mode="on")
