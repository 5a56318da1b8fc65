"""Super-resolution."""

import math

import pytest
import torch

from dap.dsp.resample import resample
from dap.dsp.signals import tones
from dap.metrics.distortion import snr
from dap.tasks.super_resolution import SuperResolution

FACTORS = [2, 3, 4, 6]
INNER = slice(1000, -1000)  # past what the filter makes of the clip's sudden ends


@pytest.mark.parametrize("factor", FACTORS)
def test_a_tone_below_the_low_nyquist_passes_and_one_above_is_gone(factor):
    task = SuperResolution(factor)
    nyquist = 48000 / 2 / factor
    fade = torch.hann_window(12001)
    low, high = fade * tones([0.85 * nyquist], 12001, 48000), fade * tones([1.02 * nyquist], 12001, 48000)
    assert torch.allclose(task.observe(low), low, atol=1e-4)  # the fade's own spectrum reaches the slope at -80 dB
    assert 20 * math.log10(float(task.observe(high).abs().max())) < -90


@pytest.mark.parametrize("factor", FACTORS)
def test_each_factorth_sample_of_what_is_observed_gives_the_others(factor, generator):
    """Decimated and interpolated by another resampler it is the same: nothing was aliased."""
    fade = torch.hann_window(12000, dtype=torch.float64)
    observation = SuperResolution(factor).observe(fade * torch.randn(1, 12000, generator=generator).double())
    again = resample(observation[:, ::factor], 1, factor)
    passed = torch.fft.rfft(again - observation).abs()[:, : int(0.85 * 6000 / factor)]
    assert float(passed.max() / torch.fft.rfft(observation).abs().max()) < 1e-4


def test_the_ends_of_the_clip_do_no_harm(generator):
    """A clip cut out of a sound begins and ends anywhere: what is observed of a slow tone is it, at the ends too."""
    cut = tones([30.0], 16000, 16000)[123:9000]
    assert torch.allclose(SuperResolution(4).observe(cut), cut, atol=0.005)  # its mirror image has a kink: 0.003


@pytest.mark.parametrize("factor", FACTORS)
def test_linear_interpolation_passes_through_the_low_rate_samples(factor):
    task = SuperResolution(factor, "linear")
    low = torch.randn(2, 50)
    observation, rate = task.receive(low, 8000)
    assert (observation.shape, rate) == ((2, 50 * factor), 8000 * factor)
    assert torch.allclose(observation[:, ::factor], low, atol=1e-5)
    assert torch.allclose(observation[:, 1], low[:, 0] + (low[:, 1] - low[:, 0]) / factor, atol=1e-5)


@pytest.mark.parametrize("interpolation", ["sinc", "linear"])
def test_a_low_rate_sound_is_received_as_the_same_sound(interpolation):
    low = tones([500.0], 4001, 8000)
    observation, rate = SuperResolution(3, interpolation).receive(low, 8000)
    expected = tones([500.0], 3 * 4001, 24000)[INNER]
    # Linear interpolation of a tone errs by at most (π · 500 / 8000)² / 2 = 0.019.
    assert torch.allclose(observation[INNER], expected, atol={"sinc": 1e-4, "linear": 0.02}[interpolation])
    assert rate == 24000


@pytest.mark.parametrize("interpolation", ["sinc", "linear"])
@pytest.mark.parametrize("factor", FACTORS)
def test_finish_takes_the_low_band_of_the_observation_and_the_high_band_of_the_estimate(factor, interpolation, generator):
    task = SuperResolution(factor, interpolation)
    nyquist = 48000 / 2 / factor
    fade = torch.hann_window(12001)
    low, wrong = fade * tones([0.8 * nyquist], 12001, 48000), fade * tones([0.5 * nyquist], 12001, 48000)
    high = fade * tones([1.5 * nyquist], 12001, 48000)
    finished = task.finish(wrong + high, task.degrade(low + high, generator))
    assert snr(finished, low + high) > 50


@pytest.mark.parametrize("interpolation", ["sinc", "linear"])
def test_what_is_finished_is_observed_as_it_was(interpolation, generator):
    """As long as no more than the topmost 3 % below the low Nyquist frequency differ: here nothing does."""
    task = SuperResolution(2, interpolation)
    reference = torch.hann_window(12001) * tones([1000.0, 5000.0, 9000.0], 12001, 24000)
    observation = task.degrade(reference, generator)
    finished = task.finish(torch.hann_window(12001) * tones([2000.0, 9000.0], 12001, 24000), observation)
    assert snr(task.observe(finished), observation) > 50


@pytest.mark.parametrize("interpolation", ["sinc", "linear"])
def test_finish_leaves_the_truth_alone_up_to_the_ends(interpolation, generator):
    task = SuperResolution(3, interpolation)
    reference = torch.randn(2, 1001, generator=generator)
    assert torch.allclose(task.finish(reference, task.degrade(reference, generator)), reference, atol=1e-5)


def test_finishing_a_linear_interpolation_again_changes_nothing_inside(generator):
    task = SuperResolution(3, "linear")
    reference, estimate = torch.hann_window(8001) * torch.randn(2, 1, 8001, generator=generator)
    observation = task.degrade(reference, generator)
    once = task.finish(estimate, observation)
    # What differs in the topmost 3 %, and the resampler's ends, are all that is left: 60 dB below the first correction.
    assert snr(task.finish(once, observation), once) > 50


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"factor": 1}, "factor must be at least 2, got 1"),
        ({"factor": -2}, "factor must be at least 2, got -2"),
        ({"factor": 2, "interpolation": "cubic"}, "interpolation must be one of sinc, linear, got 'cubic'"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        SuperResolution(**settings)


@pytest.mark.parametrize("factor", FACTORS)
def test_what_the_low_passs_slope_weakened_is_restored_without_a_prior(factor, generator):
    """A tone at 94 % of the low Nyquist frequency is observed at a gain of 0.46; finish divides it out."""
    task = SuperResolution(factor).at(48000, 12001, generator)
    tone = torch.hann_window(12001) * tones([0.94 * 24000 / factor], 12001, 48000)
    observation = task.degrade(tone[None], generator)
    assert snr(observation, tone[None]) < 6
    assert snr(task.finish(torch.zeros(1, 12001), observation), tone[None]) > 40


def test_a_low_rate_sound_is_taken_as_it_is():
    task = SuperResolution(2)
    damaged = torch.hann_window(6001) * tones([0.9 * 12000], 6001, 24000)[None]
    observation, rate = task.receive(damaged, 24000)
    task = task.at(rate, observation.shape[-1], None)
    assert snr(task.finish(torch.zeros_like(observation), observation), observation) > 40


@pytest.mark.parametrize("factor", [2, 3])
def test_what_is_not_observed_is_the_high_band(factor):
    task = SuperResolution(factor, "linear")
    fade, nyquist = torch.hann_window(12001), 24000 / factor
    low, high = fade * tones([0.8 * nyquist], 12001, 48000), fade * tones([1.1 * nyquist], 12001, 48000)
    assert snr(task.unobserved(low + high), high) > 60
