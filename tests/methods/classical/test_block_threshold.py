"""Block thresholding: against loops over macroblocks; noise alone; and what it gains on real recordings."""

import math

import numpy as np
import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.dsp.block_threshold import FRAMES, FREQUENCIES, THRESHOLDS, block_threshold_gain
from dap.methods.classical.block_threshold import BlockThreshold
from dap.methods.classical.decision_directed import DecisionDirectedFilter
from dap.methods.problem import Problem
from dap.metrics.distortion import si_sdr
from dap.tasks.denoise import Denoise


def by_loops(ratio: np.ndarray) -> np.ndarray:
    """The gain of (n_freq, n_frames) powers over the noise's."""
    n_freq, n_frames = ratio.shape
    padded = np.pad(ratio, ((0, -n_freq % 16), (0, -n_frames % 8)), constant_values=1.0)
    gain = np.zeros_like(padded)
    for row in range(0, len(padded), 16):
        for column in range(0, padded.shape[1], 8):
            tried = []
            for frames, thresholds in zip(FRAMES, THRESHOLDS, strict=True):
                for bins, threshold in zip(FREQUENCIES, thresholds, strict=True):
                    here, risk, n = np.zeros((16, 8)), 0.0, 2 * bins * frames
                    for f in range(0, 16, bins):
                        for t in range(0, 8, frames):
                            energy = 2 * padded[row + f : row + f + bins, column + t : column + t + frames].sum()
                            here[f : f + bins, t : t + frames] = max(0, 1 - threshold * n / energy)
                            if energy > threshold * n:
                                risk += n + (threshold**2 * n**2 - 2 * threshold * n * (n - 2)) / energy
                            else:
                                risk += energy - n
                    tried.append((risk, len(tried), here))
            gain[row : row + 16, column : column + 8] = min(tried)[2]
    return gain[:n_freq, :n_frames]


@pytest.mark.parametrize(("n_freq", "n_frames"), [(16, 8), (33, 21), (5, 3)])
def test_it_is_the_algorithm_by_loops(n_freq, n_frames):
    rng = np.random.default_rng(0)
    ratio = rng.exponential(size=(n_freq, n_frames)) * np.where(rng.random((n_freq, n_frames)) < 0.2, 30, 1)
    noise = torch.tensor(0.25, dtype=torch.float64)
    gain = block_threshold_gain(torch.from_numpy(ratio)[None] * noise, noise)
    assert np.allclose(gain[0].numpy(), by_loops(ratio), atol=1e-12)


@pytest.mark.parametrize("wiener", [True, False])
def test_noise_alone_goes(wiener, generator):
    """A thousandth of the blocks of noise pass, by the thresholds' own measure, and weakly: 25 dB less or more."""
    noise = 0.1 * torch.randn(2, 16000, generator=generator)
    method = BlockThreshold("known", 0.1, wiener=wiener)
    estimate = method.estimate(Problem(noise, Denoise(noise_std=0.1), 16000))
    assert 20 * math.log10(float(estimate.std() / noise.std())) < -20


def test_without_noise_nothing_changes(generator):
    observation = torch.randn(1, 4001, generator=generator)
    same = BlockThreshold("known", 0.0).estimate(Problem(observation, Denoise(noise_std=0.1), 8000))
    assert torch.allclose(same, observation, atol=1e-5)


@pytest.mark.parametrize("clip", ["speech_lj/LJ001-0013.flac", "music_solo/librosa_trumpet.flac"])
def test_real_sound_ahead_of_the_wiener_filter(clip, test_audio, generator):
    """By 1.0 and 1.2 dB on two seconds of these."""
    reference, rate = read_audio(test_audio / clip, 0.3, 1.5)
    reference = reference[:1] / reference.abs().max()
    noisy = reference + 0.1 * torch.randn(reference.shape, generator=generator)
    problem = Problem(noisy, Denoise(noise_std=0.1), rate)
    ours, wiener = (
        si_sdr(method.estimate(problem), reference)
        for method in (BlockThreshold("known", 0.1), DecisionDirectedFilter("known", 0.1))
    )
    assert ours > wiener + 0.3
