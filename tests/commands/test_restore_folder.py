"""dap-restore of folders and of other tasks: each file once, what was found said, gaps and strength as asked for."""

from pathlib import Path

import pytest
import soundfile
import torch

from dap.audio.sound_file import read_audio, write_audio
from dap.commands.restore import main

RATE = 8000


def run(capsys, *arguments) -> tuple[int, list[str]]:
    """The command's exit code and the lines that it printed."""
    with pytest.raises(SystemExit) as done:
        main([*map(str, arguments), "--device", "cpu", "--threads", "1", "--quality", "fast"])
    said = capsys.readouterr()
    return done.value.code, (said.out + said.err).splitlines()


@pytest.fixture
def tape(tmp_path, generator) -> Path:
    """A folder of a noisy tone, a quiet one within, and what is no sound."""
    tone = 0.5 * torch.sin(torch.arange(RATE) * 0.3)[None]
    folder = tmp_path / "tape"
    (folder / "side b").mkdir(parents=True)
    write_audio(folder / "one.wav", tone + 0.05 * torch.randn(1, RATE, generator=generator), RATE)
    soundfile.write(folder / "side b" / "two.flac", 0.1 * torch.randn(RATE, generator=generator).numpy(), RATE)
    (folder / "side b" / ".hidden.wav").write_bytes(b"RIFF")
    (folder / "notes.txt").write_text("of the tape")
    return folder


def test_a_folder_is_restored_with_its_folders_and_each_file_once(tape, tmp_path, capsys):
    out = tmp_path / "out"
    code, lines = run(capsys, tape, "--out", out)
    one, two = out / "one.wav", out / "side b" / "two.wav"
    assert code == 0
    assert lines == [f"{one}: white noise at -26 dB", f"{two}: white noise at -20 dB"]
    assert sorted(path for path in out.rglob("*") if path.is_file()) == [one, two]
    written = one.stat().st_mtime_ns
    two.unlink()
    code, lines = run(capsys, tape, "--out", out)
    assert (code, lines) == (0, [f"{one}: already restored", f"{two}: white noise at -20 dB"])
    assert one.stat().st_mtime_ns == written
    assert run(capsys, tape / "one.wav", "--out", out, "--strength", 6)[1] == [f"{one}: white noise at -26 dB"]  # anew
    write_audio(tape / "one.wav", torch.zeros(1, RATE), RATE)
    assert run(capsys, tape / "one.wav", "--out", out, "--strength", 6)[1] == [f"{one}: nothing found"]  # another sound


def test_what_cannot_be_restored_in_a_folder_costs_only_itself(tape, tmp_path, capsys):
    (tape / "broken.wav").write_bytes(b"RIFF nothing")
    code, lines = run(capsys, tape, "--out", tape / "restored")
    assert code == 1
    assert [line for line in lines if "broken.wav" in line] == [lines[-1]]
    assert sum("noise at" in line for line in lines) == 2
    code, lines = run(capsys, tape, "--out", tape / "restored")  # what was restored into it is not restored in turn
    assert [line.rpartition(": ")[2] for line in lines if "already" in line] == ["already restored"] * 2
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(capsys, empty, "--out", tmp_path / "out") == (2, [f"dap-restore: error: {empty}: no sound files in this folder"])


def test_strength_0_leaves_the_sound_as_it_is_and_6_db_half_of_the_noise(tape, tmp_path, capsys):
    before, _ = read_audio(tape / "one.wav")
    found = {}
    for strength in (0, 6.0206, 200):
        assert run(capsys, tape / "one.wav", "--out", tmp_path / str(strength), "--strength", strength)[0] == 0
        found[strength], _ = read_audio(tmp_path / str(strength) / "one.wav")
    assert torch.equal(found[0], before)
    assert torch.allclose(found[6.0206], (before + found[200]) / 2, atol=1e-6)


def test_gaps_are_filled(tmp_path, capsys):
    tone = 0.5 * torch.sin(torch.arange(RATE) * 0.3)[None]
    damaged = tone.clone()
    damaged[:, 4000:4080] = 0
    write_audio(tmp_path / "gap.wav", damaged, RATE)
    code, lines = run(capsys, tmp_path / "gap.wav", "--out", tmp_path / "out", "--gaps", "0.5-0.51")
    assert (code, lines) == (0, [f"{tmp_path / 'out' / 'gap.wav'}: 0.01 s missing"])
    filled, _ = read_audio(tmp_path / "out" / "gap.wav")
    assert (filled - tone).abs().max() < 0.01  # a pure tone is predicted to rounding; the file has 16 bits


def test_another_task_may_change_the_rate(tmp_path, capsys):
    write_audio(tmp_path / "low.wav", 0.5 * torch.sin(torch.arange(RATE) * 0.3)[None], RATE)
    arguments = [tmp_path / "low.wav", "--out", tmp_path / "out", "--task", "super_resolution", "--set", "factor=2"]
    assert run(capsys, *arguments)[0] == 0
    restored, rate = read_audio(tmp_path / "out" / "low.wav")
    assert (restored.shape, rate) == ((1, 2 * RATE), 2 * RATE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--strength", -1], "strength must be a finite number of dB, at least 0, or null, got -1.0"),
        (["--gaps", "1"], "argument --gaps: expected START-END,START-END in seconds, got '1'"),
        (["--gaps", "0.5-0.6", "--strength", 3], "strength is of task=denoise or reverb, and the task is inpainting"),
        (["--gaps", "0.5-1.6"], "one.wav: gap [0.5, 1.6] s is not inside the clip of 1.000 s"),
        (["--task", "hiss"], "task must be one of "),
        (["--set", "factor"], "argument --set: expected NAME=VALUE, got 'factor'"),
        (["--set", "factor=3"], "factor: task 'denoise' has no such setting"),
        (
            ["--task", "clipping", "--checkpoint", "best.pt"],
            "--task, --gaps, --set and --strength are for a",
        ),
    ],
)
def test_what_cannot_be_is_one_line(tape, tmp_path, capsys, arguments, message):
    code, lines = run(capsys, tape / "one.wav", "--out", tmp_path / "out", *arguments)
    assert code == (1 if "one.wav: gap" in message else 2)
    assert len(lines) == 1
    assert message in lines[0]
    assert not list((tmp_path / "out").glob("*.wav"))


def test_without_a_place_it_goes_beside_and_is_not_restored_in_turn(tape, capsys):
    code, lines = run(capsys, tape)
    assert code == 0
    beside = [tape / "one_restored.wav", tape / "side b" / "two_restored.wav"]
    assert sorted(tape.rglob("*_restored.wav")) == beside
    assert [line.split(":")[0] for line in lines] == [str(path) for path in beside]
    assert run(capsys, tape)[1] == [f"{path}: already restored" for path in beside]
    assert not list(tape.rglob("*_restored_restored.wav"))


def test_the_place_of_one_file(tape, tmp_path, capsys):
    place = tmp_path / "new" / "better.wav"
    assert run(capsys, tape / "one.wav", "--out", place) == (0, [f"{place}: white noise at -26 dB"])
    for arguments, told in (
        ([tape, "--out", place], f"--out {place} is one file, and there are several to restore: give a folder"),
        ([tape / "one.wav", "--out", place.with_suffix(".flac")], "expected a folder or a .wav, which is what is written"),
    ):
        code, (line,) = run(capsys, *arguments)
        assert code == 2
        assert told in line
