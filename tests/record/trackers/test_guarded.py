"""A tracker may fail at any moment, and the run neither ends nor hears of it again."""

import json
import threading

import pytest
import torch

from dap.record.trackers.guarded import Guarded
from dap.record.trackers.tracker import Tracker
from dap.running.parts import build_parts
from dap.running.restoration import restore_clip
from tests.options import composed

METHODS = ["start", "add_row", "add_sound", "add_picture", "finish"]


@pytest.fixture(autouse=True)
def without_drawing(monkeypatch):
    """Pictures take most of the time of a run of two steps."""
    for name in ("draw_curves", "draw_spectrograms"):
        monkeypatch.setattr(f"dap.record.run_folder.{name}", lambda *_: b"png")


class Spy(Tracker):
    """Keeps the names of what it was told, and fails at one of them."""

    def __init__(self, fails_at: str = "", error: type[BaseException] = OSError, every: int = 1) -> None:
        self.calls, self.fails_at, self.error, self.every = [], fails_at, error, every

    def hear(self, method: str, detail: object) -> None:
        self.calls.append((method, detail))
        if method == self.fails_at:
            raise self.error("No space left\non device")

    def start(self, folder, facts):
        self.hear("start", facts["clip"])

    def add_row(self, row):
        self.hear("add_row", row["step"])

    def add_sound(self, name, step, waveform, sample_rate):
        self.hear("add_sound", (name, step))

    def add_picture(self, name, png):
        self.hear("add_picture", name)

    def finish(self, metrics, status):
        self.hear("finish", (sorted(metrics), status))


def restored(folder, tracker: Tracker, *overrides: str):
    small = [
        "size.width=2",
        "size.n_fft=126",
        "size.hop_length=32",
        "data.seconds=0.2",
        "steps=2",
        "stopping=fixed",
        "snapshot_every=2",
    ]
    choices = {"task": "denoise", "model": "harmonic", "size": "quick", "method": "deep_prior", "stopping": "fixed"}
    parts = build_parts(composed(*small, *overrides), choices, [])
    parts.tracker = Guarded(tracker)
    return restore_clip(parts, parts.data[0], folder)


def test_a_tracker_is_told_all_in_order(tmp_path):
    spy = Spy()
    restored(tmp_path, spy)
    assert spy.calls == [
        ("start", "demo"),
        ("add_sound", ("observation", 0)),
        ("add_sound", ("reference", 0)),
        ("add_row", 0),
        ("add_sound", ("estimate", 0)),
        ("add_row", 1),
        ("add_row", 2),
        ("add_sound", ("estimate", 2)),
        ("add_sound", ("restored", 2)),
        ("add_picture", "curves"),
        ("add_picture", "spectrograms"),
        ("finish", (["observation", "oracle", "restored"], "finished")),
    ]


@pytest.mark.parametrize("method", METHODS)
def test_a_failure_costs_one_line_and_the_tracker(method, tmp_path, capsys):
    spy = Spy(method)
    restored(tmp_path, spy)
    assert capsys.readouterr().err == (
        "dap-run: warning: Spy failed and is switched off, the run goes on: OSError: No space left on device\n"
    )
    assert [name for name, _ in spy.calls].count(method) == 1
    assert spy.calls[-1][0] == method
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "finished"


def test_a_library_that_exits_does_not_end_the_run_but_the_user_does(tmp_path, capsys):
    restored(tmp_path / "exit", Spy("add_row", SystemExit))
    assert "switched off" in capsys.readouterr().err
    spy = Spy("add_row", KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        restored(tmp_path / "interrupt", spy)
    assert spy.calls[-1] == ("finish", ([], "interrupted"))
    assert json.loads((tmp_path / "interrupt" / "run.json").read_text())["status"] == "interrupted"


def test_a_failed_run_is_finished_too(tmp_path):
    spy = Spy()
    with pytest.raises(FloatingPointError):
        restored(tmp_path, spy, "lr=1e30", "steps=20")
    assert spy.calls[-1] == ("finish", (["observation", "oracle", "restored"], "failed"))


def test_rows_of_every_few_steps():
    spy = Spy(every=3)
    guarded = Guarded(spy)
    for step in range(8):
        guarded.add_row({"step": step, "loss": 1.0})
    assert [step for _, step in spy.calls] == [0, 3, 6]


def test_sounds_come_without_their_graph():
    heard = []
    spy = Spy()
    spy.add_sound = lambda name, step, waveform, rate: heard.append(waveform)
    Guarded(spy).add_sound("estimate", 0, torch.ones(1, 4, requires_grad=True), 8000)
    assert heard[0].numpy().tolist() == [[1, 1, 1, 1]]


@pytest.mark.parametrize("method", METHODS)
def test_a_tracker_that_never_answers_is_left_behind(tmp_path, monkeypatch, capsys, method):
    class Silent(Spy):
        def hear(self, called: str, detail: object) -> None:
            super().hear(called, detail)
            if called == method:
                end.wait(60)

    end = threading.Event()
    monkeypatch.setattr("dap.record.trackers.guarded._SECONDS", 0.2)
    silent = Silent()
    try:
        restored(tmp_path, silent)
        told = capsys.readouterr().err
        assert told.endswith("dap-run: warning: Silent failed and is switched off, the run goes on: no answer within 0.2 s\n")
        assert json.loads((tmp_path / "run.json").read_text())["status"] == "finished"
        assert silent.calls[-1][0] == method
    finally:
        end.set()
