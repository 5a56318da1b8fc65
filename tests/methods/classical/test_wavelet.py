"""Wavelet shrinkage against one written out by hand, its thresholds, and what is refused."""

import math
import sys

import numpy as np
import pytest
import pywt
import torch

from dap.audio.sound_file import read_audio
from dap.methods.classical.wavelet import Wavelet, bayes_threshold, sure_threshold, universal_threshold
from dap.methods.problem import Problem
from dap.metrics.distortion import snr
from dap.tasks.denoise import Denoise

TASK = Denoise(noise_std=0.1)


def split(signal: np.ndarray, filters: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Approximation and details of a signal that is mirrored at its ends."""
    taps = len(filters[0])
    mirrored = np.pad(signal, taps - 1, mode="symmetric")
    low, high = (np.convolve(mirrored, taken, mode="valid")[1::2] for taken in filters)
    return low, high


def join(low: np.ndarray, high: np.ndarray, filters: list[list[float]]) -> np.ndarray:
    taps = len(filters[0])
    both = []
    for part, taken in zip((low, high), filters, strict=True):
        spread = np.zeros(2 * len(part))
        spread[::2] = part
        both.append(np.convolve(spread, taken))
    return sum(both)[taps - 2 : taps - 2 + 2 * len(low) - taps + 2]


def shrunk_by_hand(signal: np.ndarray, levels: int) -> np.ndarray:
    """BayesShrink, soft, σ by the median of the finest details: skimage.restoration.denoise_wavelet's recipe."""
    wavelet = pywt.Wavelet("sym8")
    low, details = signal, []
    for _ in range(levels):
        low, high = split(low, [wavelet.dec_lo, wavelet.dec_hi])
        details.append(high)
    variance = (np.median(np.abs(details[0])) / 0.6744897501960817) ** 2
    for high in reversed(details):
        excess = np.mean(high**2) - variance
        threshold = variance / math.sqrt(excess) if excess > 0 else math.inf
        kept = np.sign(high) * np.maximum(np.abs(high) - threshold, 0)
        low = join(low[: len(kept)], kept, [wavelet.rec_lo, wavelet.rec_hi])
    return low[: len(signal)]


@pytest.mark.parametrize(("n_samples", "levels"), [(8000, 6), (6001, 5), (300, 1)])
def test_agrees_with_one_by_hand(n_samples, levels, test_audio, generator):
    waveform, _ = read_audio(test_audio / "speech_lj" / "LJ001-0014.flac", 0.5, 1.0)
    observation = TASK.degrade(waveform[:, :n_samples] / waveform.abs().max(), generator)
    ours = next(Wavelet().restore(Problem(observation, TASK, 22050))).estimate
    assert np.allclose(ours[0].numpy(), shrunk_by_hand(observation[0].double().numpy(), levels), atol=1e-6)


@pytest.mark.parametrize(("threshold", "gain"), [("bayes", 4.5), ("sure", 4.5), ("universal", 0.0)])
@pytest.mark.parametrize("noise_std", [None, 0.1])
def test_speech(threshold, gain, noise_std, test_audio, generator):
    waveform, rate = read_audio(test_audio / "speech_lj" / "LJ001-0014.flac", 0.0, 1.5)
    reference = waveform / waveform.abs().max()
    observation = TASK.degrade(reference, generator)
    method = Wavelet(threshold=threshold, noise_std=noise_std)
    iterate = next(method.restore(Problem(observation, TASK, rate)))
    assert snr(iterate.estimate, reference) > snr(observation, reference) + gain
    assert iterate.facts["noise_power"] == ("known" if noise_std else "finest details")


def test_thresholds_by_hand():
    details = np.array([3.0, -4.0, 0.0, 5.0])  # mean square 12.5
    assert bayes_threshold(details, 0.5, 4) == pytest.approx(0.25 / 12.25**0.5)
    assert bayes_threshold(details, 10.0, 4) == 5.0  # no more than the noise: all of it goes
    assert universal_threshold(details, 0.5, 100) == pytest.approx(0.5 * (2 * math.log(100)) ** 0.5)


def test_sure_is_the_least_of_its_risk(generator):
    """By trying all thresholds: n − 2 · #{|d| ≤ t} + Σ min(d², t²)."""
    details = torch.randn(400, generator=generator).double().numpy()
    details[:40] += 4
    risks = {t: 400 - 2 * (np.abs(details) <= t).sum() + np.minimum(details**2, t**2).sum() for t in np.abs(details)}
    assert sure_threshold(2 * details, 2.0, 400) == pytest.approx(2 * min(risks, key=risks.__getitem__))
    quiet = 1e-3 * details
    assert sure_threshold(quiet, 1e-9, 400) <= 1e-9 * (2 * math.log(400)) ** 0.5


def test_without_noise_nothing_changes(generator):
    observation = torch.randn(2, 4001, generator=generator)
    estimate = next(Wavelet(noise_std=0.0).restore(Problem(observation, TASK, 11025))).estimate
    assert torch.allclose(estimate, observation, atol=1e-5)


def test_digital_silence_before_the_sound_does_not_hide_the_noise(generator):
    observation = torch.cat([torch.zeros(1, 8000), 0.1 * torch.randn(1, 4000, generator=generator)], dim=-1)
    estimate = next(Wavelet().restore(Problem(observation, TASK, 16000))).estimate
    assert float(estimate.std()) < 0.3 * float(observation.std())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"wavelet": "sym99"}, "wavelet must be a discrete one of PyWavelets, such as sym8, got 'sym99'"),
        ({"wavelet": "morl"}, "wavelet must be a discrete one"),
        ({"threshold": "hard"}, "threshold must be one of bayes, universal, sure, got 'hard'"),
        ({"noise_std": -1.0}, "noise_std must be a finite number, at least 0, or null, got -1.0"),
        ({"levels": 0}, "levels must be at least 1 or null, got 0"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Wavelet(**settings)


def test_more_levels_than_the_clip_allows():
    with pytest.raises(ValueError, match="the clip of 1000 samples allows 6 levels of sym8, not 7"):
        Wavelet(levels=7).restore(Problem(torch.randn(1, 1000), TASK, 16000))


def test_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "pywt", None)
    with pytest.raises(ValueError, match=r"Wavelet needs PyWavelets: pip install 'dap\[baselines\]'"):
        Wavelet()
