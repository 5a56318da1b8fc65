"""Sparsity within bounds, against the algorithm written out with plain sums."""

import math

import numpy as np
import pytest
import torch

from dap.dsp.consistent_sparse import consistent_sparse
from dap.dsp.tight_frame import TightFrame


def written_out(lower, upper, n_window, hop, iterations, depth_db, last_std=0.0, first_std=np.inf, averaged=0.5):
    """The same for one channel, (time,) in NumPy: frames and a DFT matrix, frame by frame."""
    n_samples, beyond = len(lower), n_window // 2
    n_all = n_samples + 2 * beyond
    low, high = np.full(n_all, -np.inf), np.full(n_all, np.inf)
    low[beyond : beyond + n_samples], high[beyond : beyond + n_samples] = lower, upper
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_window) / n_window)
    window = hann / np.sqrt(sum(np.roll(hann, shift) ** 2 for shift in range(0, n_window, hop)))
    dft = np.exp(-2j * np.pi * np.outer(np.arange(n_window // 2 + 1), np.arange(n_window)) / n_window) / np.sqrt(n_window)
    twice = np.where(np.arange(n_window // 2 + 1) % (n_window // 2) == 0, 1, 2)  # of a real frame's spectrum half is not kept
    starts = range(-(n_window - hop), n_all, hop)

    def analysis(x):
        around = np.concatenate([np.zeros(n_window), x, np.zeros(2 * n_window)])
        return np.stack([dft @ (window * around[start + n_window :][:n_window]) for start in starts])

    def synthesis(spec):
        total = np.zeros(n_all + 3 * n_window)
        for start, frame in zip(starts, spec, strict=True):
            total[start + n_window :][:n_window] += window * np.real(dft.conj().T @ (twice * frame))
        return total[n_window : n_window + n_all]

    x = np.clip(np.zeros(n_all), low, high)
    spec, mean = analysis(x), 0
    a_bin = np.sqrt(hop / n_window)
    first, u = min(np.abs(spec).max(), first_std * a_bin), np.zeros_like(spec)
    for turn in range(iterations):
        last = max(first * 10 ** (-depth_db / 20), last_std * a_bin)
        threshold = first * (last / first) ** (turn / (iterations - 1))
        z = spec + u
        energy = np.abs(z) ** 2
        for frame in range(len(z)):
            places = [place if 0 <= place < len(z) else -place % (2 * len(z) - 2) for place in range(frame - 1, frame + 2)]
            z[frame] *= np.sqrt(energy[frame] * energy[places].mean(0)) > threshold**2
        x = np.clip(synthesis(z - u), low, high)
        spec = analysis(x)
        u = u + spec - z
        mean = mean + (x if turn >= int((1 - averaged) * iterations) else 0)
    return (mean / (iterations - int((1 - averaged) * iterations)))[beyond : beyond + n_samples]


def clipped(waveform, level):
    """The bounds of what was clipped at ±level."""
    lower = torch.where(waveform <= -level, -math.inf, waveform.clamp(max=level))
    upper = torch.where(waveform >= level, math.inf, waveform.clamp(min=-level))
    return lower, upper


def tones(*hertz, n_samples=4000):
    place = torch.arange(n_samples, dtype=torch.float64) / 8000
    return sum(torch.sin(2 * torch.pi * f * place + f) for f in hertz)[None] / len(hertz)


def snr(estimate, reference):
    return 10 * math.log10(reference.square().sum() / (estimate - reference).square().sum())


@pytest.mark.parametrize(("n_samples", "settings"), [(200, ()), (307, (0.6,)), (200, (0.1, 2.0, 1.0))], ids=str)
def test_it_is_the_algorithm_written_out(n_samples, settings, generator):
    lower, upper = clipped(torch.randn(1, n_samples, generator=generator, dtype=torch.float64).cumsum(1), 4.0)
    estimate = consistent_sparse(lower, upper, TightFrame(32, 8), 20, 50.0, (1, 3), *settings)
    expected = written_out(lower[0].numpy(), upper[0].numpy(), 32, 8, 20, 50.0, *settings)
    assert np.abs(estimate[0].numpy() - expected).max() < 1e-9  # of a few units, in float64


@pytest.mark.parametrize("level", [0.8, 0.5, 0.3])
@pytest.mark.parametrize("hertz", [(440.0,), (220.0, 443.0, 1370.0)])
def test_few_tones_come_back(hertz, level):
    reference = tones(*hertz)
    estimate = consistent_sparse(*clipped(reference, level * float(reference.max())), TightFrame(512, 128))
    assert snr(estimate, reference) > snr(reference.clamp(-level, level), reference) + 15


def test_what_is_known_stays_and_what_was_clipped_lies_beyond(generator):
    lower, upper = clipped(torch.randn(2, 3000, generator=generator), 0.7)
    estimate = consistent_sparse(lower, upper, TightFrame(256, 64), iterations=20)
    known = lower == upper
    assert torch.equal(estimate[known], lower[known])
    assert ((estimate >= lower) & (estimate <= upper)).all()


def test_what_is_known_wholly_is_left(generator):
    waveform = torch.randn(1, 1000, generator=generator)
    assert torch.equal(consistent_sparse(waveform, waveform, TightFrame(64, 16), iterations=5), waveform)


def test_channels_alone_or_together_at_any_level(generator):
    lower, upper = clipped(tones(300.0, 700.0).expand(2, -1) * torch.tensor([[1.0], [0.3]]), 0.25)
    both = consistent_sparse(lower, upper, TightFrame(256, 64))
    for index in range(2):
        one = slice(index, index + 1)
        assert torch.allclose(consistent_sparse(lower[one], upper[one], TightFrame(256, 64)), both[one], atol=1e-9)
    assert torch.allclose(consistent_sparse(2**-20 * lower, 2**-20 * upper, TightFrame(256, 64)), 2**-20 * both, atol=1e-12)


@pytest.mark.parametrize("n_samples", [1, 10, 100])
def test_a_sound_shorter_than_a_frame(n_samples):
    reference = tones(440.0, n_samples=n_samples)
    estimate = consistent_sparse(*clipped(reference, 0.5), TightFrame(256, 64), iterations=10)
    assert estimate.shape == reference.shape
    assert torch.isfinite(estimate).all()
