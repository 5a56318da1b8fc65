"""The spectral distances: values by hand, a second implementation, the two published settings, and what does not apply."""

import math

import numpy as np
import pytest
import torch

from dap.losses.multi_resolution import RESOLUTIONS
from dap.metrics.spectral import LSD_EPFL, LSD_KULESHOV, log_spectral_distance, multi_resolution_stft_distance

DISTANCES = [
    log_spectral_distance,
    lambda estimate, reference: log_spectral_distance(estimate, reference, *LSD_EPFL),
    multi_resolution_stft_distance,
]


@pytest.fixture
def pair(generator) -> tuple[torch.Tensor, torch.Tensor]:
    reference = torch.randn(1, 6000, generator=generator)
    return reference + 0.3 * torch.randn(1, 6000, generator=generator), reference


def frame_by_frame(signal: np.ndarray, window: np.ndarray, n_fft: int, hop_length: int) -> np.ndarray:
    """Magnitudes (frame, bin) of frames within the signal, by a loop."""
    starts = range(0, len(signal) - n_fft + 1, hop_length)
    return np.array([np.abs(np.fft.rfft(signal[start : start + n_fft] * window)) for start in starts])


def hann(length: int) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


@pytest.mark.parametrize("setting", [LSD_KULESHOV, LSD_EPFL])
def test_log_spectral_distance_agrees_with_a_second_implementation(pair, setting):
    n_fft, hop_length = setting
    estimate, reference = (
        np.log10(frame_by_frame(signal[0].double().numpy(), hann(n_fft), n_fft, hop_length) ** 2) for signal in pair
    )
    expected = np.mean([np.sqrt(np.mean((e - r) ** 2)) for e, r in zip(estimate, reference, strict=True)])
    assert log_spectral_distance(*pair, *setting) == pytest.approx(expected, abs=1e-9)


def test_the_published_settings(pair):
    assert LSD_KULESHOV == (2048, 512)
    assert LSD_EPFL == (1024, 1024)
    assert log_spectral_distance(*pair) == log_spectral_distance(*pair, *LSD_KULESHOV)


def test_multi_resolution_stft_agrees_with_a_second_implementation(pair):
    """Windows in the middle of the frames, frames centred on multiples of the hop, both ends mirrored."""
    estimate, reference = (signal[0].double().numpy() for signal in pair)
    distances = []
    for n_fft, win_length, hop_length in RESOLUTIONS:
        window = np.zeros(n_fft)
        first = (n_fft - win_length) // 2
        window[first : first + win_length] = hann(win_length)
        actual, wanted = (
            frame_by_frame(np.pad(signal, n_fft // 2, mode="reflect"), window, n_fft, hop_length)
            for signal in (estimate, reference)
        )
        convergence = math.sqrt(((wanted - actual) ** 2).sum() / (wanted**2).sum())
        distances.append(convergence + np.abs(np.log(wanted / actual)).mean())
    assert multi_resolution_stft_distance(*pair) == pytest.approx(np.mean(distances), abs=1e-9)


def test_the_resolutions_are_the_papers():
    assert sorted(RESOLUTIONS) == [(512, 240, 50), (1024, 600, 120), (2048, 1200, 240)]


@pytest.mark.parametrize("distance", DISTANCES)
def test_no_distance_to_itself(pair, distance):
    _, reference = pair
    assert distance(reference, reference) == 0


def test_a_level_wrong_by_a_factor(pair):
    _, reference = pair
    for factor in (2, 0.1):
        assert log_spectral_distance(factor * reference, reference) == pytest.approx(2 * abs(math.log10(factor)), abs=1e-6)
        expected = abs(1 - factor) + abs(math.log(factor))
        assert multi_resolution_stft_distance(factor * reference, reference) == pytest.approx(
            expected, abs=1e-4
        )  # a few bins end at the floor


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_common_level_does_not_count_above_the_floor(pair, distance):
    estimate, reference = pair
    assert distance(10 * estimate, 10 * reference) == pytest.approx(distance(estimate, reference), abs=1e-4)


@pytest.mark.parametrize("distance", DISTANCES)
def test_channels_are_averaged(pair, distance):
    estimate, reference = pair
    other = reference.flip(1)  # another signal, so that one norm over both channels would show
    both = torch.cat([estimate, 0.1 * reference]), torch.cat([reference, 0.1 * other])
    mean = (distance(estimate, reference) + distance(0.1 * reference, 0.1 * other)) / 2
    assert distance(*both) == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("distance", DISTANCES)
def test_a_silent_estimate_is_far_but_not_infinitely_far(pair, distance):
    _, reference = pair
    assert distance(torch.zeros_like(reference), reference) == pytest.approx(8, abs=5)


@pytest.mark.parametrize("distance", DISTANCES)
def test_what_cannot_be_scored(distance):
    with pytest.raises(ValueError, match="1000 samples are too short for frames of"):
        distance(torch.ones(1, 1000), torch.ones(1, 1000))
    with pytest.raises(ValueError, match="the reference is silent"):
        distance(torch.ones(1, 4096), torch.zeros(1, 4096))
    with pytest.raises(ValueError, match="differ in shape"):
        distance(torch.ones(1, 4096), torch.ones(1, 4095))
