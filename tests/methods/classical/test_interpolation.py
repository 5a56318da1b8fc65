"""Interpolation as a method, for gaps and for a lower rate."""

import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.dsp.resample import resample
from dap.methods.classical.interpolation import Interpolation
from dap.methods.problem import Problem
from dap.metrics.distortion import snr
from dap.tasks.chain import Chain
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting
from dap.tasks.super_resolution import SuperResolution


def restored(kind, reference, task, sample_rate=8000):
    at = task.at(sample_rate, reference.shape[-1], torch.Generator().manual_seed(0))
    observation = at.degrade(reference, torch.Generator().manual_seed(0))
    (iterate,) = Interpolation(kind).restore(Problem(observation, at, sample_rate))
    assert (iterate.step, iterate.loss) == (0, None)
    return iterate.estimate, observation, at


@pytest.mark.parametrize("kind", ["linear", "spline"])
def test_gaps_of_a_slow_tone_are_filled(kind):
    """16 samples missing in periods of 160: a line is off by (2π · 8 / 160)² / 2 = 5 % at most, a spline by next to nothing."""
    reference = torch.sin(torch.arange(8000) * 2 * torch.pi / 160)[None]
    estimate, observation, at = restored(kind, reference, Inpainting(n_gaps=5, gap_seconds=0.002))
    assert torch.equal(estimate[:, ~at.missing], observation[:, ~at.missing])
    assert (estimate - reference).abs().max() < {"linear": 0.06, "spline": 0.001}[kind]


def test_music_with_single_samples_missing_is_restored(test_audio):
    reference, rate = read_audio(test_audio / "music_solo" / "librosa_trumpet.flac", 1.0, 1.0)
    scores = {}
    for kind in ("linear", "spline"):
        estimate, _, at = restored(kind, reference, Inpainting(missing_share=0.3), rate)
        scores[kind] = snr(estimate[:, at.missing], reference[:, at.missing])
    assert 10 < scores["linear"] < scores["spline"]


@pytest.mark.parametrize("interpolation", ["sinc", "linear"])
@pytest.mark.parametrize("factor", [2, 3])
def test_each_kind_goes_through_the_low_rate_samples(interpolation, factor, generator):
    reference = torch.randn(2, 1001, generator=generator)
    task = SuperResolution(factor, interpolation)
    for kind in ("linear", "spline"):
        estimate, observation, _ = restored(kind, reference, task)
        assert torch.equal(estimate[..., ::factor], observation[..., ::factor])
        assert estimate.shape == reference.shape


def test_sinc_undoes_the_droop_of_linear_interpolation(generator):
    """Of a sound below 7/8 of the low Nyquist frequency all is known, but for the ends."""
    low = resample(torch.randn(1, 1000, generator=generator), 3, 2)
    reference = resample(low, 1, 4)
    task = SuperResolution(2, "linear")
    estimate, observation, _ = restored("sinc", reference, task)
    inside = slice(200, -200)
    assert snr(observation[:, inside], reference[:, inside]) < 40
    assert snr(estimate[:, inside], reference[:, inside]) > 60


def test_linear_is_what_a_linear_observation_is_already(generator):
    estimate, observation, _ = restored("linear", torch.randn(1, 1000, generator=generator), SuperResolution(2, "linear"))
    assert torch.allclose(estimate, observation, atol=1e-6)


def test_sinc_is_what_a_sinc_observation_is_already(test_audio):
    reference, rate = read_audio(test_audio / "speech_lj" / "LJ001-0013.flac", 0.3, 0.5)
    estimate, observation, _ = restored("sinc", reference, SuperResolution(2, "sinc"), rate)
    assert torch.equal(estimate, observation)
    again = resample(observation[..., ::2], 1, 2)[..., : reference.shape[-1]]  # which says that it is band-limited
    assert snr(again, observation) > 30  # the resampler's roll-off begins below the low Nyquist frequency


def test_tasks_that_it_is_not_for():
    for task in (Denoise(noise_std=0.1), Chain([SuperResolution(2), Denoise(noise_std=0.1)])):
        with pytest.raises(ValueError, match="restores task=clipping or inpainting or super_resolution, and nothing of"):
            restored("linear", torch.randn(1, 1000), task)
    with pytest.raises(ValueError, match="Interpolation restores task=super_resolution, and nothing of inpainting"):
        restored("sinc", torch.randn(1, 8000), Inpainting(n_gaps=1))


def test_another_kind():
    with pytest.raises(ValueError, match="kind must be one of linear, spline, sinc, got 'cubic'"):
        Interpolation("cubic")
