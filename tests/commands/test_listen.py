"""dap-listen: which restorations a page offers, and the mistakes it refuses."""

import json
from pathlib import Path
import re
import shutil
import sys

import pytest
import torch

from dap.audio.sound_file import write_audio
from dap.commands.listen import main
from dap.results.listening import choose_trials
from dap.results.results import read_results
from tests.commands.listened import LEVELS, page, write_sweep
from tests.runs import RATE, write_run


@pytest.fixture
def sweep(tmp_path) -> Path:
    return write_sweep(tmp_path / "sweep")


def test_the_order_is_random_and_follows_the_seed(sweep):
    def order(seed: int) -> list[list[str]]:
        return [[run.facts["system"] for _, run in trial.options] for trial in choose_trials(read_results(sweep), 4, seed)]

    assert order(0) == order(0)
    assert len({tuple(map(tuple, order(seed))) for seed in range(5)}) == 5
    firsts = [trial[0] for seed in range(60) for trial in order(seed)]
    for model in LEVELS:  # 240 draws of a third: 80 ± 7.3
        assert 50 < firsts.count(model) < 110


def test_a_second_page_leaves_the_first_ones_votes_good(sweep, monkeypatch, capsys):
    page(monkeypatch, capsys, sweep, "--seed", 1)
    first = json.loads((sweep / "listen_key.json").read_text())["trials"]
    page(monkeypatch, capsys, sweep, "--seed", 2)
    both = json.loads((sweep / "listen_key.json").read_text())["trials"]
    assert first.items() <= both.items()
    assert len(both) == 8


def test_only_what_all_systems_restored_is_offered(sweep, monkeypatch, capsys):
    shutil.rmtree(sweep / "harmonic_a")
    write_run(sweep / "wiener_a", "wiener", "a", status="running")
    assert "3 trials of 3 restorations" in page(monkeypatch, capsys, sweep)
    assert {trial.clip for trial in choose_trials(read_results(sweep), 9, 0)} == {"b", "c", "d"}


def test_long_clips_are_cut(sweep, monkeypatch, capsys):
    for model, level in LEVELS.items():
        for name in ("reference", "observation", "restored"):
            write_audio(sweep / f"{model}_a" / f"{name}.wav", level * torch.ones(1, 12 * RATE), RATE)
    for clip in "bcd":
        shutil.rmtree(sweep / f"harmonic_{clip}")
    page(monkeypatch, capsys, sweep)
    sounds = re.findall(r'"(UklGR[^"]*)"', (sweep / "listen.html").read_text())
    assert [len(sound) * 3 // 4 // 2 // 1000 for sound in sounds] == [10 * RATE // 1000] * 5


def mistake(monkeypatch, capsys, *arguments: object) -> str:
    monkeypatch.setattr(sys, "argv", ["dap-listen", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("dap-listen: error: ")
    assert error.count("\n") == 1
    return error


def test_mistakes(sweep, monkeypatch, capsys):
    assert "nowhere: no such folder" in mistake(monkeypatch, capsys, "nowhere")
    assert "--clips: must be at least 1, got 0" in mistake(monkeypatch, capsys, sweep, "--clips", 0)
    (sweep / "harmonic_a" / "restored.wav").write_bytes(b"RIFF")
    assert "restored.wav" in mistake(monkeypatch, capsys, sweep)
    for model in ("harmonic", "dilated_unet"):
        for clip in "abcd":
            shutil.rmtree(sweep / f"{model}_{clip}")
    assert "no clip that two systems have restored" in mistake(monkeypatch, capsys, sweep)
    assert not (sweep / "listen.html").exists()
    for index in range(30):
        write_run(sweep / f"x{index}", f"system_{index}", "a", {"si_sdr": 1.0})
    assert "31 options" in mistake(monkeypatch, capsys, sweep)
