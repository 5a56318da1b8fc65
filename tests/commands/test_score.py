"""dap-score: the figures of the packages, its two ways of printing, and one line for each mistake."""

import json
import os
from pathlib import Path
import subprocess
import sys

import pytest
import torch

from dap.audio.sound_file import read_audio, write_audio
from dap.commands.score import main
from dap.metrics.scores import METRICS
from tests.conftest import REPOSITORY

OF_ONE_SOUND = [name for name, metric in METRICS.items() if not (metric.of_gaps or metric.of_sources)]


def dap_score(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "dap.commands.score", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A second of noise and what may be compared with it."""
    folder = tmp_path_factory.mktemp("files")
    noise = torch.randn(1, 16000, generator=torch.Generator().manual_seed(0)) / 10
    for name, waveform, rate in (
        ("reference", noise, 16000),
        ("estimate", 0.9 * noise, 16000),
        ("stereo", noise.expand(2, -1), 16000),
        ("short", noise[:, :15999], 16000),
        ("slow", noise, 8000),
        ("silence", 0 * noise, 16000),
    ):
        write_audio(folder / f"{name}.wav", waveform, rate)
    (folder / "text.wav").write_text("no sound")
    return folder


@pytest.mark.slow
def test_agreement_with_the_packages(test_audio):
    """VoiceBank at 16 kHz, so that nothing stands between the files and the packages."""
    pesq, pystoi = pytest.importorskip("pesq"), pytest.importorskip("pystoi")
    paths = [test_audio / "pairs_noisy_clean" / f"p287_001_{kind}.flac" for kind in ("noisy", "clean")]
    (estimate, rate), (reference, _) = map(read_audio, paths)
    assert rate == 16000
    done = dap_score(*paths, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    scores = json.loads(done.stdout)
    assert scores["pesq_wb"] == pytest.approx(pesq.pesq(rate, reference[0].numpy(), estimate[0].numpy(), "wb"), abs=1e-5)
    for name, extended in (("stoi", False), ("estoi", True)):
        expected = pystoi.stoi(reference[0].numpy(), estimate[0].numpy(), rate, extended)
        assert scores[name] == pytest.approx(expected, abs=1e-5)
    assert set(scores) == set(OF_ONE_SOUND)


def test_lines_for_people(files, capsys):
    main([str(files / "estimate.wav"), str(files / "reference.wav")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(OF_ONE_SOUND)
    assert lines[2].split() == ["SNR", "20.000", "dB", "higher", "is", "better"]
    (lsd,) = (line for line in lines if line.startswith("LSD "))
    assert lsd.split() == ["LSD", "0.092", "lower", "is", "better"]  # 2 log10(1 / 0.9)


def test_why_a_score_does_not_apply(files, capsys):
    main([str(files / "slow.wav"), str(files / "slow.wav")])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("PESQ-wb"))
    assert line.endswith("–     higher is better  (wide-band PESQ needs a sample rate of at least 16000 Hz, got 8000)")
    main([str(files / "slow.wav"), str(files / "slow.wav"), "--json"])
    scores = json.loads(capsys.readouterr().out)
    assert scores["pesq_wb"] is None
    assert "at least 16000 Hz" in scores["not_scored"]["pesq_wb"]


def test_a_silent_reference_is_scored_by_nothing(files, capsys):
    main([str(files / "reference.wav"), str(files / "silence.wav")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(OF_ONE_SOUND)
    assert all("–" in line and "silent" in line for line in lines)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["stereo.wav", "reference.wav"], "differ in number of channels: 2 and 1"),
        (["short.wav", "reference.wav"], "differ in length: 15999 samples and 16000 samples"),
        (["slow.wav", "reference.wav"], "differ in sample rate: 8000 Hz and 16000 Hz"),
        (["absent.wav", "reference.wav"], "absent.wav: no such file"),
        (["text.wav", "reference.wav"], "text.wav: not a sound file"),
        (["reference.wav", "."], "is a folder, expected a sound file"),
        (["reference.wav"], "the following arguments are required: reference; see dap-score --help"),
        (["reference.wav", "reference.wav", "--jason"], "unrecognized arguments: --jason; see dap-score --help"),
    ],
)
def test_a_mistake_is_one_line(files, monkeypatch, capsys, names, reason):
    monkeypatch.chdir(files)
    with pytest.raises(SystemExit) as exit_:
        main(names)
    printed = capsys.readouterr()
    assert exit_.value.code == 2
    assert printed.out == ""
    assert printed.err.startswith("dap-score: error: ")
    assert reason in printed.err
    assert len(printed.err.splitlines()) == 1


def test_a_mistake_through_the_command(files):
    done = dap_score(files / "reference.wav")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "dap-score: error: the following arguments are required: reference; see dap-score --help\n"


@pytest.mark.slow
def test_whoever_reads_may_leave(files):
    """`dap-score … | head -1` shows no trace of Python."""
    scored = f"{sys.executable} -m dap.commands.score {files / 'estimate.wav'} {files / 'reference.wav'}"
    command = f'{scored} | true; echo "${{PIPESTATUS[0]}}"'
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("141\n", "")
