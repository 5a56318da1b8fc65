"""Mix-and-Separate from end to end, on tones: what is trained separates, goes on where it stopped, and trains once."""

import csv
import json
from pathlib import Path

import pytest
import torch

from dap.audio.sound_file import write_audio
from dap.dsp.ratio_mask import log_magnitude, ratio_mask
from dap.methods.learned.mix_and_separate import MixAndSeparate
from dap.methods.problem import Problem
from dap.record.training_folder import TrainingFolder
from dap.running.experiment import run
from dap.running.parts import Parts, build_parts
from dap.running.restoration import restore_clip
from dap.running.trained_model import TrainedModel
from dap.running.training_run import train
from tests.options import composed

pytest.importorskip("fast_bss_eval")

CHOSEN = ["method=mix_and_separate", "data=instruments", "model=spectrogram_unet"]


@pytest.fixture
def folder(tmp_path) -> Path:
    """Instruments that differ in register: tones of random pitch below 500 Hz, above 1 kHz, and above 2 kHz (held out)."""
    generator = torch.Generator().manual_seed(0)
    for instrument, low, high in (("violin", 150, 500), ("flute", 1000, 1800), ("bell", 2000, 3500)):
        (tmp_path / "sounds" / instrument).mkdir(parents=True)
        pitch = low + (high - low) * torch.rand(40, generator=generator).repeat_interleave(400)
        write_audio(
            tmp_path / "sounds" / instrument / "a.wav", (0.3 * torch.sin(2 * torch.pi * pitch.cumsum(0) / 8000))[None], 8000
        )
    return tmp_path


def parts(folder: Path, *overrides: str, trained: str = "trained", chosen: list[str] = CHOSEN) -> Parts:
    data = [f"data.path={folder / 'sounds'}", "data.holdout=bell", "data.split=time", "data.test_share=0.5", "data.seconds=0.2"]
    small = ["size.width=4", "size.n_fft=126", "size.hop_length=32", "data.sample_rate=8000", "data.n_clips=2", "lr=4e-3"]
    method = ["epochs=3", "method.n_batches=8", "method.batch_size=4", f"method.trained={folder / trained}"]
    choices = {"task": "separation", "model": "spectrogram_unet", "method": "mix_and_separate", "size": "quick"}
    told = [*data, *small, *method, "threads=1", *overrides]
    return build_parts(composed(*chosen, *told), choices, told)


def trained(made: Parts) -> MixAndSeparate:
    train(made, Path("unused"))
    return made.method


def rows(folder: Path) -> list[dict[str, str]]:
    (path,) = folder.glob("*/losses.csv")
    with open(path) as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.slow
def test_training_lowers_the_loss_and_separates_what_was_not_trained_on(folder):
    made = parts(folder, "method.n_batches=20", "lr=1e-2")
    trained(made)
    losses = [float(row["loss"]) for row in rows(folder / "trained")]
    assert losses[-1] < 0.9 * losses[0]  # 0.65 to 0.76 over five seeds
    metrics = restore_clip(made, made.data[0], folder / "run")
    assert metrics["restored"]["sources"]["1"]["sdr"] > metrics["observation"]["sources"]["1"]["sdr"] + 4
    assert metrics["restored"]["blind"]


@pytest.mark.slow
def test_a_training_that_was_killed_goes_on_bit_for_bit_and_is_done_once(folder, monkeypatch):
    whole = trained(parts(folder, trained="whole"))
    saved = TrainingFolder.save_checkpoint

    def killed(*arguments) -> None:
        saved(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(TrainingFolder, "save_checkpoint", killed)
        with pytest.raises(KeyboardInterrupt):
            trained(parts(folder))
    assert len(rows(folder / "trained")) == 1
    resumed = trained(parts(folder))
    assert rows(folder / "trained") == rows(folder / "whole")
    for one, other in zip(whole.network.parameters(), resumed.network.parameters(), strict=True):
        assert torch.equal(one, other)
    monkeypatch.setattr(TrainingFolder, "save_checkpoint", killed)  # nothing is trained, so nothing is saved
    again = trained(parts(folder, "data.test=seen", "data.n_clips=1"))
    assert all(torch.equal(*pair) for pair in zip(whole.network.parameters(), again.network.parameters(), strict=True))


@pytest.mark.slow
def test_the_experiment_runs(folder):
    chosen = ["experiment=table3_separation", "model=harmonic"]
    made = parts(folder, "epochs=1", "method.n_batches=2", "data.n_clips=1", chosen=chosen)
    outcome = run(composed(*chosen, *made.overrides), folder / "run", made.choices, made.overrides)
    (metrics,) = outcome.metrics
    assert {"sdr", "sir", "sar"} <= metrics["restored"].keys()


@pytest.mark.slow
def test_other_settings_train_another_network(folder):
    trained(parts(folder, "epochs=1", "method.n_batches=1"))
    trained(parts(folder, "epochs=1", "method.n_batches=1", "lr=1e-4"))
    assert len(list((folder / "trained").glob("*/best.pt"))) == 2


def test_sources_sum_to_the_mixture_of_any_length_and_channels(folder):
    made = parts(folder, "epochs=1", "method.n_batches=1")
    method, mixture = trained(made), torch.randn(2, 3333)
    (iterate,) = method.restore(Problem(mixture, made.task, 8000))
    assert iterate.estimate.shape == (2, 2, 3333)
    assert torch.allclose(iterate.estimate.sum(0), mixture, atol=1e-6)
    with pytest.raises(ValueError, match="trained at 8000 Hz, the mixture has 16000 Hz"):
        next(method.restore(Problem(mixture, made.task, 16000)))


def test_it_restores_no_stream(folder):
    trained(parts(folder, "epochs=1", "method.n_batches=1"))
    (path,) = (folder / "trained").glob("*/best.pt")
    with pytest.raises(ValueError, match="mix_and_separate is trained first"):
        TrainedModel(path, "cpu")


def test_it_needs_sounds_to_train_on(folder):
    made = parts(folder)
    with pytest.raises(ValueError, match="mix_and_separate is trained first"):
        next(made.method.restore(Problem(torch.randn(1, 2000), made.task, 8000)))
    made.data = object()
    with pytest.raises(ValueError, match="take data=instruments"):
        trained(made)


def test_the_mask_of_a_source_alone_is_one_and_levels_do_not_matter(generator):
    spec = torch.randn(2, 5, 7, dtype=torch.complex64, generator=generator)
    assert torch.equal(ratio_mask(spec, spec), torch.ones(2, 5, 7))
    assert ratio_mask(3 * spec, spec).max() == 1
    assert torch.allclose(log_magnitude(0.01 * spec), log_magnitude(spec), atol=1e-5)


@pytest.mark.parametrize(
    ("override", "message"), [("epochs=0", "epochs must be at least 1"), ("method.level_db=-1.0", "level_db must")]
)
def test_wrong_settings(folder, override, message):
    with pytest.raises(ValueError, match=message):
        parts(folder, override)


@pytest.mark.slow
def test_a_run_trains_first_and_separates_each_test_mixture(folder):
    made = parts(folder)
    cfg = composed(*CHOSEN, *made.overrides)
    outcome = run(cfg, folder / "run", made.choices, made.overrides)
    assert not outcome.failures
    assert all((folder / "run" / name / "restored_2.wav").exists() for name in ("000_violin+bell", "001_violin+bell"))
    facts = json.loads((folder / "run" / "000_violin+bell" / "run.json").read_text())
    assert (facts["system"], facts["epochs"]) == ("mix_and_separate_spectrogram_unet", 3)
    assert facts["training_loss"] > 0
