"""dap-restore: files of any length, rate and channels by a trained model; each on its own without one; and what it refuses."""

from dataclasses import replace
import os
from pathlib import Path
import subprocess
import sys

import pytest
import torch

from dap.audio.sound_file import read_audio, write_audio
from dap.audio.stream import write_audio_stream
from dap.commands.restore import main
from dap.dsp.signals import tones
from dap.methods.problem import Problem
from dap.record.trained import Trained, read_trained, write_trained
from dap.running import trained_model
from dap.running.parts import build_parts
from dap.running.trained_model import TrainedModel
from tests.options import composed
from tests.running.test_training_run import CHOICES, RATE, TINY

MODEL = [*(setting for setting in TINY if not setting.startswith("data")), "task.high_rate=8000"]


def checkpoint(folder: Path, *overrides: str, silent: bool = True) -> Path:
    """A model that was never trained: the identity, as it begins, or something that changes what it is given."""
    parts = build_parts(composed(*MODEL, *overrides), CHOICES, [])
    parts.method.silent_start = silent
    parts.method.build()
    trained = Trained(
        method=parts.settings["method"],
        task=parts.settings["task"],
        sample_rate=RATE,
        peak=1.0,
        weights={name: network.state_dict() for name, network in parts.method.kept.items()},
        facts={"epoch": 1},
    )
    write_trained(folder, trained)
    return folder / "best.pt"


def restored(folder: Path, *files: Path) -> list[tuple[torch.Tensor, int]]:
    with pytest.raises(SystemExit) as done:
        main([*map(str, files), "--out", str(folder / "out"), "--checkpoint", str(folder), "--device", "cpu", "--threads", "1"])
    assert done.value.code == 0
    return [read_audio(folder / "out" / f"{file.stem}.wav") for file in files]


@pytest.mark.parametrize("n_samples", [1, 100, 256, 257, 70001])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_the_identity_gives_every_file_back_bit_for_bit(tmp_path, n_samples, n_channels):
    checkpoint(tmp_path)
    sound = torch.randn(n_channels, n_samples)
    write_audio(tmp_path / "a.wav", sound, RATE)
    ((found, rate),) = restored(tmp_path, tmp_path / "a.wav")
    assert rate == RATE
    assert torch.equal(found, sound)


@pytest.mark.parametrize(("multiplies", "precision"), [(False, "float32"), (True, "bfloat16")])
def test_a_model_of_bfloat16_restores_where_the_cpu_does_not_multiply_it(tmp_path, monkeypatch, multiplies, precision):
    path = checkpoint(tmp_path, "precision=bfloat16")
    monkeypatch.setattr(trained_model, "multiplies_bfloat16", lambda device: multiplies)
    model = TrainedModel(path, "cpu")
    assert model.method.precision == precision
    assert precision in model.settings  # what another precision has restored is not gone on with
    if not multiplies:
        sound = torch.randn(1, 1000)
        assert torch.equal(torch.cat(list(model.restored([sound], RATE, 1000)[0]), -1), sound)


def test_a_model_of_ones_own_package_is_restored_by_where_it_is_trusted(tmp_path, monkeypatch, capsys):
    """The task is the package's, so that it is made and used."""
    path = checkpoint(tmp_path)
    (tmp_path / "ownpackage.py").write_text("from dap.tasks.sample import Sample\nclass Mine(Sample):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    trained = read_trained(path)
    write_trained(tmp_path, replace(trained, task={**trained.task, "_target_": "ownpackage.Mine"}))
    sound = torch.randn(1, 1000)
    write_audio(tmp_path / "a.wav", sound, RATE)
    command = [str(tmp_path / "a.wav"), "--out", str(tmp_path / "out"), "--checkpoint", str(path), "--device", "cpu"]
    with pytest.raises(SystemExit) as refused:
        main(command)
    assert refused.value.code == 2
    assert "ownpackage.Mine" in capsys.readouterr().err
    with pytest.raises(SystemExit) as done:
        main([*command, "--trust", "ownpackage"])
    assert done.value.code == 0
    assert torch.equal(read_audio(tmp_path / "out" / "a.wav")[0], sound)


def test_other_rates_come_back_as_they_were(tmp_path):
    """Up to what the model's rate can hold; the length is exact."""
    checkpoint(tmp_path)
    for index, (rate, n_samples) in enumerate([(44100, 50003), (16000, 70001), (6000, 12347)]):
        sound = tones([300.0], n_samples, rate, 0.5)[None]
        write_audio(tmp_path / f"{index}.wav", sound, rate)
        ((found, found_rate),) = restored(tmp_path, tmp_path / f"{index}.wav")
        assert (found_rate, found.shape) == (rate, sound.shape)
        middle = slice(n_samples // 10, -n_samples // 10)
        assert float((found - sound)[:, middle].abs().max()) < 1e-3


def test_a_file_of_the_low_rate_is_brought_to_the_high_one(tmp_path):
    path = checkpoint(tmp_path)
    low = torch.randn(2, 30001)
    write_audio(tmp_path / "low.wav", low, 4000)
    ((found, rate),) = restored(tmp_path, tmp_path / "low.wav")
    assert rate == RATE
    model = TrainedModel(path, "cpu")
    assert torch.allclose(found, model.task.receive(low, 4000)[0], atol=1e-6)


def test_a_stream_is_restored_as_the_method_restores_a_clip(tmp_path):
    """With weights that change the sound, through windows that are batched across blocks."""
    path = checkpoint(tmp_path, "seed=3", silent=False)
    sound = torch.randn(2, 5000)
    write_audio(tmp_path / "a.wav", sound, RATE)
    ((found, _),) = restored(tmp_path, tmp_path / "a.wav")
    model = TrainedModel(path, "cpu")
    iterate = next(model.method.restore(Problem(sound, model.task, RATE)))
    assert torch.allclose(found, iterate.estimate, atol=1e-5)
    assert float((found - sound).abs().max()) > 0.01
    halves = [torch.cat(list(model.method.stream([channel[None]])), dim=1) for channel in sound]
    assert torch.allclose(torch.cat(halves), iterate.estimate, atol=1e-5)  # each channel by itself


def test_levels_are_kept(tmp_path):
    """Of a model that works at a peak, too: a file ten times as quiet comes back ten times as quiet."""
    checkpoint(tmp_path, "method.window_rms=null", silent=False)
    sound = 0.5 * torch.randn(1, 3000)
    for name, level in (("loud", 1.0), ("quiet", 0.1)):
        write_audio(tmp_path / f"{name}.wav", level * sound, RATE)
    loud, quiet = (found for found, _ in restored(tmp_path, tmp_path / "loud.wav", tmp_path / "quiet.wav"))
    assert torch.allclose(0.1 * loud, quiet, atol=1e-5)


def test_no_seam(tmp_path):
    """Where windows are joined, what a steady tone becomes goes over from the one to the other.

    Random weights, and windows shorter than what the network sees, so that the zeros beyond their ends matter everywhere.
    """
    tone = tones([1000.0], 6000, RATE, 0.5)[None]  # a period of eight samples, so that all windows see the same
    steps = {}
    for fade in (0.0, 1.0):
        path = checkpoint(tmp_path, "seed=1", f"method.fade={fade}", silent=False)
        found = torch.cat(list(TrainedModel(path, "cpu").method.stream([tone])), dim=1)[0, 512:-512]
        change = found[8:] - found[:-8]  # of the tone's shape from period to period
        steps[fade] = float(change.diff().abs().max()), float(found.diff().abs().max())
    assert steps[1.0][0] <= steps[0.0][0]  # of random weights; from 0.3 to 0.95 times as much
    assert steps[1.0][0] < 0.2 * steps[1.0][1]  # of the tone's own steepest


def said(capsys, *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as done:
        main([*arguments])
    return done.value.code, capsys.readouterr().err


def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, capsys):
    model = str(checkpoint(tmp_path))
    (tmp_path / "text.wav").write_text("no sound")
    write_audio(tmp_path / "a.wav", torch.rand(1, 100), RATE)
    (tmp_path / "b").mkdir()
    write_audio(tmp_path / "b" / "a.wav", torch.rand(1, 100), RATE)
    out = str(tmp_path / "out")
    sound = str(tmp_path / "a.wav")
    for arguments, message in [
        ([str(tmp_path / "none.wav"), "--checkpoint", model], "none.wav: no such file"),
        ([str(tmp_path / "text.wav"), "--checkpoint", model], "text.wav: not a sound file"),
        ([sound, str(tmp_path / "b" / "a.wav"), "--checkpoint", model], "would both become"),
        ([sound, "--checkpoint", str(tmp_path / "no.pt")], "no.pt: no such file: give the best.pt"),
        ([sound, "--checkpoint", sound], "a.wav: the checkpoint is damaged"),
        ([sound, "--checkpoint", model, "--device", "tpu"], "device: must be auto, cpu or cuda, got 'tpu'"),
        ([sound, "--checkpoint", model, "--threads", "0"], "threads: must be at least 1"),
        ([], "the following arguments are required: FILE"),
    ]:
        code, told = said(capsys, *arguments, "--out", out)
        assert (code, told.count("\n")) == (2, 1), told
        assert message in told
        assert not Path(out).exists() or not list(Path(out).iterdir())
    code, told = said(capsys, sound, "--checkpoint", model, "--out", str(tmp_path))
    assert (code, "would be written over the file that it is restored from" in told) == (2, True)


def test_a_file_that_turns_out_bad_costs_only_itself(tmp_path, capsys):
    model = str(checkpoint(tmp_path))
    write_audio(tmp_path / "good.wav", torch.rand(1, 100), RATE)
    sound = torch.zeros(1, 2**19)
    write_audio(tmp_path / "bad.wav", sound, RATE)
    content = bytearray((tmp_path / "bad.wav").read_bytes())
    content[-4:] = b"\x00\x00\xc0\x7f"  # the last sample is NaN: found after half of the file is restored
    (tmp_path / "bad.wav").write_bytes(content)
    arguments = [str(tmp_path / "bad.wav"), str(tmp_path / "good.wav"), "--checkpoint", model, "--out", str(tmp_path / "out")]
    code, told = said(capsys, *arguments)
    assert code == 1
    assert "bad.wav: holds NaN or Inf" in told
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.wav"]


def test_weights_of_another_network_are_refused(tmp_path):
    trained = read_trained(checkpoint(tmp_path))
    trained.method["network"]["width"] = 3
    write_trained(tmp_path, trained)
    with pytest.raises(ValueError, match="the weights of network are of another network"):
        TrainedModel(tmp_path, "cpu")
    trained.method["_target_"] = "os.system"
    write_trained(tmp_path, trained)
    with pytest.raises(
        ValueError, match=r"method._target_: expected a class or function inside dap. or torch.optim., got 'os.system'"
    ):
        TrainedModel(tmp_path, "cpu")
    write_trained(tmp_path, replace(trained, method={"_target_": "dap.methods.classical.filter_bank.FilterBank"}))
    with pytest.raises(ValueError, match="device"):
        TrainedModel(tmp_path, "cpu")


def test_without_a_checkpoint_each_file_is_on_its_own(tmp_path, capsys):
    """A file that fails costs only itself; see test_restore_blind.py for what becomes of the others."""
    for name, n_samples in (("it's", 3000), ("short", 100), ("[plain]", 3000)):
        write_audio(tmp_path / f"{name}.wav", torch.rand(1, n_samples), RATE)
    files = [str(tmp_path / f"{name}.wav") for name in ("it's", "short", "[plain]")]
    arguments = ["--out", str(tmp_path / "out"), "--device", "cpu", "--threads", "1", "--quality", "fast"]
    code, told = said(capsys, *files, *arguments)
    assert (code, told.count("\n")) == (1, 1)
    assert "the clip has 100 samples, shorter than one STFT frame" in told
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["[plain].wav", "it's.wav"]


@pytest.mark.slow
def test_a_long_file_is_restored_in_bounded_memory(tmp_path):
    """Five minutes of two channels are 19 MB, twice, and with what a network makes of them many times that."""
    checkpoint(tmp_path)
    write_audio_stream(tmp_path / "short.wav", [torch.zeros(2, RATE)], RATE, RATE)
    write_audio_stream(tmp_path / "long.wav", (0.1 * torch.randn(2, 10 * RATE) for _ in range(30)), RATE, 300 * RATE)
    script = """import resource, sys
from dap.commands.restore import main
try:
    main(sys.argv[1:])
except SystemExit as done:
    assert done.code == 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    peaks = []
    for name in ("short", "long"):
        arguments = [
            str(tmp_path / f"{name}.wav"),
            "--checkpoint",
            str(tmp_path),
            "--out",
            str(tmp_path / "out"),
            "--threads",
            "1",
        ]
        variables = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True, env=variables
        )
        peaks.append(int(done.stdout.split()[-1]) / 1024)
    assert read_audio(tmp_path / "out" / "long.wav")[0].shape == (2, 300 * RATE)
    assert peaks[1] < peaks[0] + 40, peaks  # MiB
