"""dap.fit, dap.score, dap.degrade and dap.choices, as a notebook calls them."""

from concurrent.futures import ThreadPoolExecutor
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import dap
from dap.audio.sound_file import read_audio, write_audio
from dap.config.compose import CONFIGS
from dap.dsp.signals import tones
from dap.losses.elementwise import l1
from dap.methods.stopping import Fixed, Oracle
from dap.tasks.denoise import Denoise
from tests.options import options
from tests.processes import dap_run

RATE = 8000
SMALL = {"size.width": 2, "size.n_fft": 126, "size.hop_length": 32, "device": "cpu"}
CLEAN = tones([400.0, 900.0], 3000, RATE, 0.4).numpy()
NOISY = CLEAN + 0.1 * np.random.default_rng(0).standard_normal(3000)


def fit(waveform=NOISY, sample_rate=RATE, **given):
    return dap.fit(waveform, sample_rate, **({"steps": 3} | SMALL | given))


class Bias(nn.Module):
    """Of one's own: a convolution of the latent's maps to two."""

    def __init__(self, channels: int = 2) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(8, channels, 3, padding=1)

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        return self.convolution(latent)


def test_it_is_what_the_command_restores(tmp_path):
    """Bit for bit, on one thread."""
    write_audio(tmp_path / "noisy.wav", torch.from_numpy(NOISY)[None], RATE)
    settings = [f"{name}={value}" for name, value in (SMALL | {"steps": 3}).items()]
    given = ["data=file", "data.path=noisy.wav", "data.degraded=true", "threads=1", "hydra.run.dir=out"]
    done = dap_run(*settings, *given, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    under_way = fit(NOISY.astype(np.float32))
    assert np.array_equal(under_way.estimate, read_audio(tmp_path / "out" / "restored.wav")[0][0].numpy())
    facts = json.loads((tmp_path / "out" / "run.json").read_text())
    assert facts["stopping"]["reason"] == under_way.reason
    assert facts["n_parameters"] == under_way.facts["n_parameters"]


def test_it_is_looked_at_step_by_step_and_gone_on_with():
    under_way = fit()
    assert "not begun" in repr(under_way)
    first = next(under_way)
    assert (first.step, under_way.step, under_way.finished) == (0, 0, False)
    assert first.estimate.shape == NOISY.shape
    assert [iterate.step for iterate in under_way] == [1, 2, 3]
    assert under_way.finished
    assert list(under_way) == []
    assert "finished: step 3 of 3" in repr(under_way)
    assert np.array_equal(under_way.estimate, fit().estimate)
    assert not np.array_equal(under_way.estimate, fit(seed=1).estimate)


def test_scores_and_the_oracle_come_with_a_reference():
    under_way = fit(reference=CLEAN, steps=40)
    assert under_way.scores["oracle"]["si_sdr"] >= under_way.scores["restored"]["si_sdr"]
    assert under_way.scores["observation"]["si_sdr"] == pytest.approx(dap.score(NOISY, CLEAN, RATE)["si_sdr"], abs=1e-4)
    assert under_way.oracle.shape == NOISY.shape
    assert np.array_equal(under_way.estimate, fit(steps=40).estimate)  # no blind rule looks at it
    assert fit().oracle is None
    with pytest.raises(ValueError, match="scores need a reference"):
        _ = fit().scores


@pytest.mark.parametrize("shape", [(3000,), (2, 1500), (1500, 2)])
@pytest.mark.parametrize("kind", [np.float32, np.float64, torch.float32])
def test_sounds_come_back_as_they_came(shape, kind):
    sound = NOISY.reshape(shape)
    sound = torch.from_numpy(sound).to(kind) if isinstance(kind, torch.dtype) else sound.astype(kind)
    under_way = fit(sound, channel_axis=1 if shape[-1] == 2 else None, steps=1)
    for estimate in (next(under_way).estimate, under_way.estimate):
        assert (type(estimate), estimate.dtype, estimate.shape) == (type(sound), sound.dtype, sound.shape)


def test_the_level_comes_back():
    """By a power of two, which rounds nothing: bit for bit."""
    assert np.array_equal(4 * fit(0.25 * NOISY).estimate, fit().estimate)


def test_the_program_around_it_is_left_alone():
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    with torch.inference_mode():
        under_way = fit()
        next(under_way)
        assert torch.is_inference_mode_enabled()
    _ = under_way.estimate
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_two_at_once_are_as_one_after_another():
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(lambda seed: fit(seed=seed).estimate, (0, 1)))
    for seed, estimate in enumerate(together):
        assert np.array_equal(estimate, fit(seed=seed).estimate)


@pytest.mark.parametrize("model", options("model"))
def test_every_model_fits(model):
    assert np.isfinite(fit(model=model, steps=1, **({"size.depth": 3} if model == "epfl_autoencoder" else {})).estimate).all()


def test_a_method_that_does_not_iterate_gives_its_one_estimate():
    under_way = fit(method="wiener")
    assert (under_way.reason, under_way.n_steps) == ("the method gives one estimate", 0)
    assert dap.score(under_way.estimate, CLEAN, RATE)["si_sdr"] > dap.score(NOISY, CLEAN, RATE)["si_sdr"] + 3


def test_a_task_that_raises_the_rate():
    doubled = fit(task="super_resolution", method="sinc", **{"task.factor": 2})
    assert (doubled.sample_rate, doubled.estimate.shape) == (16000, (6000,))


def test_objects_of_ones_own():
    torch.manual_seed(7)
    module = Bias()
    before = [weight.clone() for weight in module.parameters()]
    estimates = [fit(model=module).estimate, fit(model=lambda **_: Bias()).estimate, fit(model=module, loss=l1).estimate]
    assert all(map(torch.equal, before, module.parameters()))
    assert len({estimate.tobytes() for estimate in estimates}) == 3
    assert fit(model=module, task=Denoise(noise_std=0.1), stopping=Fixed(1)).step is None
    chosen = fit(model=module, task=Denoise(noise_std=0.1), stopping=Fixed(1))
    assert chosen.estimate.shape == NOISY.shape
    assert (chosen.step, chosen.rows[-1]["step"]) == (1, 1)
    wave = fit(model=nn.Conv1d(1, 1, 5, padding=2), like="wave_unet")
    assert wave.estimate.shape == NOISY.shape


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "harmonica"}, "model must be one of dcgan, .*, got 'harmonica'"),
        ({"task": "denoising"}, "task must be one of chain, .*, got 'denoising'"),
        ({"method": "median"}, "method must be one of a_spade, .*, got 'median'"),
        ({"stopping": "never"}, "stopping must be one of discrepancy, .*, got 'never'"),
        ({"stesp": 3}, "stesp: no such setting, did you mean steps?"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"steps": "many"}, "^steps: [^\n]*$"),
        ({"device": "gpu"}, "device: must be auto, cpu or cuda, got 'gpu'"),
        ({"precision": "tf32"}, "precision: dap.fit leaves torch.backends as it is"),
        ({"model": 3}, "model must be a name, a torch.nn.Module or what makes one, got 3"),
        ({"model": lambda **_: 3}, "model must make a torch.nn.Module, got int"),
        ({"task": Oracle()}, "task must be a name or a dap.tasks.task.Task"),
        ({"loss": 3}, "loss: expected"),
        ({"stopping": "oracle"}, "the oracle needs a reference"),
        ({"reference": CLEAN[:-1]}, r"reference must be of the waveform's shape \(1, 3000\), got \(1, 2999\)"),
        ({"waveform": NOISY[:100]}, "shorter than one STFT frame"),
        ({"waveform": 0 * NOISY}, "the clip is silent"),
        ({"waveform": np.full(3000, np.nan)}, "waveform must be finite"),
        ({"waveform": (NOISY * 1000).astype(np.int16)}, "waveform must hold floats"),
        ({"waveform": NOISY.reshape(1500, 2)}, r"looks like \(time, channel\)"),
        ({"sample_rate": 8000.5}, "sample_rate must be a whole number of Hz"),
        ({"method": "wiener", "task": "inpainting"}, "give gaps or mask_path"),
    ],
)
def test_a_mistake_is_one_clear_line_before_any_work(given, message):
    with pytest.raises(ValueError, match=message) as told:
        fit(**given)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Bias(channels=3), r"the network must put out maps of shape \(1, 2, 64, \d+\) here, got \(1, 3, 64, \d+\)"),
        (nn.Conv2d(4, 2, 3), "the network does not fit its input: .*8 channels"),
    ],
)
def test_a_network_that_does_not_fit_is_one_line_at_its_first_step(model, message):
    under_way = fit(model=model)
    with pytest.raises(ValueError, match=message):
        next(under_way)


def test_pictures():
    under_way = fit(reference=CLEAN)
    with pytest.raises(ValueError, match="nothing to draw yet"):
        under_way.plot()
    next(under_way)
    assert len(under_way.plot("curves").axes) == 2
    _ = under_way.estimate
    assert len(under_way.plot().axes) == 4  # three sounds and the scale
    with pytest.raises(ValueError, match="picture must be one of spectrograms, curves, got 'map'"):
        under_way.plot("map")


def test_a_player_where_there_is_ipython(monkeypatch):
    under_way = fit(steps=1)
    monkeypatch.setitem(sys.modules, "IPython", None)  # as where it is not installed
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(ValueError, match="play needs IPython"):
        under_way.play()
    display = SimpleNamespace(Audio=lambda data, rate, normalize: (data.shape, rate, normalize))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=display))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    assert under_way.play()[:2] == ((1, len(CLEAN)), RATE)


@pytest.mark.parametrize("task", sorted(set(options("task")) - {"separation"}))
def test_a_clean_sound_is_damaged_by_its_seed(task):
    settings = {"gaps": [[0.1, 0.11]]} if task == "inpainting" else {}
    if task == "sample":
        settings = {"high_rate": RATE, "low_rate": RATE // 2}
    once, again = (dap.degrade(CLEAN, RATE, task, seed=3, **settings) for _ in range(2))
    assert np.array_equal(once, again)
    assert (once.shape, once.dtype) == (CLEAN.shape, CLEAN.dtype)
    assert not np.array_equal(once, CLEAN)


def test_what_cannot_be_damaged_or_scored_is_one_line():
    with pytest.raises(ValueError, match="noise_sd: task 'denoise' has no such setting"):
        dap.degrade(CLEAN, RATE, noise_sd=1)
    with pytest.raises(ValueError, match="noise_std: of a task that is an object"):
        dap.degrade(CLEAN, RATE, Denoise(noise_std=0.1), noise_std=1)
    with pytest.raises(ValueError, match="must be of one shape"):
        dap.score(CLEAN[:-1], CLEAN, RATE)
    with pytest.raises(ValueError, match=r"missing must be of shape \(3000,\)"):
        dap.score(CLEAN, CLEAN, RATE, missing=[True])


def test_gaps_are_scored_where_they_are_told():
    missing = np.zeros(3000, bool)
    missing[100:200] = True
    holed = np.where(missing, 0, CLEAN)
    assert dap.score(holed, CLEAN, RATE, missing=missing)["snr_missing"] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("group", sorted(path.name for path in CONFIGS.iterdir() if path.is_dir() and path.name != "hydra"))
def test_every_choice_is_told_in_a_line(group):
    choices = dap.choices(group)
    assert [choice.name for choice in choices] == options(group)
    for choice in choices:
        assert choice.about
        assert "\n" not in choice.about + choice.source
    with pytest.raises(ValueError, match=r"group must be one of .*model.*, got 'models'"):
        dap.choices("models")
