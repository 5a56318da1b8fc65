"""Autoregressive interpolation: tones come back, music does better than by lines, and nothing observed is touched."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.methods.classical.autoregressive import Autoregressive
from dap.methods.problem import Problem
from dap.metrics.distortion import snr
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting


def restored(method: Autoregressive, reference: torch.Tensor, task: Inpainting, sample_rate: int = 8000):
    """The estimate, and what was missing."""
    at = task.at(sample_rate, reference.shape[-1], torch.Generator().manual_seed(0))
    (iterate,) = method.restore(Problem(at.degrade(reference, torch.Generator()), at, sample_rate))
    assert (iterate.step, iterate.loss) == (0, None)
    return iterate.estimate, at.missing


def in_gaps(estimate, reference, missing) -> float:
    return snr(estimate[..., missing], reference[..., missing])


def tones(*hertz: float, n_samples: int = 8000) -> torch.Tensor:
    place = torch.arange(n_samples, dtype=torch.float64) / 8000
    return sum(torch.sin(2 * torch.pi * f * place + f) for f in hertz)[None].float() / len(hertz)


@pytest.mark.parametrize("hertz", [(440.0,), (220.0, 443.0, 1370.0)])
@pytest.mark.parametrize("task", [{"gaps": [[0.4, 0.44]]}, {"n_gaps": 3, "gap_seconds": 0.01}, {"missing_share": 0.2}], ids=str)
def test_tones_are_restored(hertz, task):
    """Nothing but rounding stands against it (float32: 140 dB)."""
    reference = tones(*hertz)
    estimate, missing = restored(Autoregressive(), reference, Inpainting(**task))
    assert in_gaps(estimate, reference, missing) > 60


@pytest.mark.parametrize(
    "task",
    [
        {"gaps": [[0.1, 0.12]]},
        {"gaps": [[0.1, 0.12], [0.121, 0.14], [0.5, 0.6]]},
        {"missing_share": 0.5},
        {"n_gaps": 2, "gap_columns": 2, "n_fft": 512, "hop_length": 128},
    ],
    ids=str,
)
@pytest.mark.parametrize("n_channels", [1, 2])
def test_observed_samples_stay_as_they_are(task, n_channels, generator):
    reference = torch.randn(n_channels, 8000, generator=generator)
    estimate, missing = restored(Autoregressive(iterations=1), reference, Inpainting(**task))
    assert torch.equal(estimate[:, ~missing], reference[:, ~missing])
    assert estimate.isfinite().all()


def test_music_is_restored_better_than_by_straight_lines(test_audio):
    reference, rate = read_audio(test_audio / "music_solo" / "librosa_trumpet.flac", 1.0, 1.0)
    task = Inpainting(n_gaps=4, gap_seconds=0.01)
    estimate, missing = restored(Autoregressive(), reference, task, rate)
    place = np.arange(reference.shape[-1])
    line = np.interp(place, place[~missing], reference[0, ~missing].numpy())
    lines = in_gaps(torch.from_numpy(line)[None].float(), reference, missing)
    assert in_gaps(estimate, reference, missing) > lines + 10


@pytest.mark.parametrize("gap", [[0.0, 0.02], [0.98, 1.0]])
def test_gaps_at_the_ends_are_extrapolated(gap):
    reference = tones(300.0, 700.0)
    estimate, missing = restored(Autoregressive(), reference, Inpainting(gaps=[gap]))
    assert in_gaps(estimate, reference, missing) > 20


def test_long_gaps_at_the_ends_do_not_blow_up(generator):
    reference = torch.randn(1, 8000, generator=generator).cumsum(1)
    estimate, _ = restored(Autoregressive(), reference, Inpainting(gaps=[[0.0, 0.3], [0.7, 1.0]]))
    assert estimate.abs().max() <= 2 * reference.abs().max()


def test_each_channel_is_on_its_own_and_its_level_does_not_matter(generator):
    left, right = torch.randn(2, 1, 4000, generator=generator).cumsum(2)
    task = Inpainting(gaps=[[0.1, 0.12], [0.3, 0.31]])
    both, _ = restored(Autoregressive(), torch.cat([left, right]), task)
    for row, channel in zip(both, (left, right), strict=True):
        assert torch.allclose(row[None], restored(Autoregressive(), channel, task)[0], atol=1e-5)
        assert torch.allclose(0.125 * row[None], restored(Autoregressive(), 0.125 * channel, task)[0], atol=1e-5)


def test_backwards_is_the_same(generator):
    """One gap, so that no order of gaps matters."""
    reference = torch.randn(1, 4000, generator=generator).cumsum(1)
    forwards, _ = restored(Autoregressive(), reference, Inpainting(gaps=[[0.24, 0.26]]))
    backwards, _ = restored(Autoregressive(), reference.flip(1), Inpainting(gaps=[[0.24, 0.26]]))
    assert torch.allclose(forwards, backwards.flip(1), atol=1e-4)


@pytest.mark.parametrize("observed", [[50], [20, 50], [50, 51]])
def test_a_clip_with_hardly_any_sample_left(observed):
    """One sample tells of no model: it is held. Two of them are a model of order 1."""
    edges = [-1, *observed, 100]
    gaps = [[(before + 1) / 8000, after / 8000] for before, after in pairwise(edges) if after > before + 1]
    reference = torch.arange(100.0)[None] + 1
    estimate, missing = restored(Autoregressive(), reference, Inpainting(gaps=gaps))
    assert (~missing).nonzero()[:, 0].tolist() == observed
    assert torch.equal(estimate[:, observed], reference[:, observed])
    assert estimate.abs().max() <= 52


def test_silence_stays_silent():
    estimate, _ = restored(Autoregressive(), torch.zeros(1, 4000), Inpainting(gaps=[[0.1, 0.2]]))
    assert torch.equal(estimate, torch.zeros(1, 4000))


def test_a_task_without_gaps():
    with pytest.raises(ValueError, match="Autoregressive restores task=clipping or inpainting, and nothing of denoise"):
        Autoregressive().restore(Problem(torch.randn(1, 1000), Denoise(noise_std=0.1), 8000))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"order": 0}, "order must be at least 1 or null, got 0"),
        ({"max_order_seconds": 0.0}, "max_order_seconds must be above 0 s"),
        ({"context_seconds": -1.0}, "context_seconds must be above 0 s"),
        ({"iterations": 0}, "iterations must be at least 1"),
        ({"turns": -1}, "turns must be at least 0, got -1"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Autoregressive(**settings)
