"""Classical methods for quantised sound."""

import math

import numpy as np
import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.dsp.chambolle_pock import chambolle_pock
from dap.dsp.tight_frame import TightFrame
from dap.methods.classical.chambolle_pock import ChambollePock
from dap.methods.classical.clamp import Clamp
from dap.methods.classical.dequantize import Dequantize
from dap.methods.classical.smooth import Smooth
from dap.methods.problem import Problem
from dap.metrics.distortion import si_sdr
from dap.tasks.denoise import Denoise
from dap.tasks.quantization import Quantization


def restored(method, reference, task):
    observation = task.degrade(reference, torch.Generator())
    (iterate,) = method.restore(Problem(observation, task, 16000))
    assert (iterate.step, iterate.loss) == (0, None)
    return iterate.estimate, observation


def test_clamp_gives_the_observation(generator):
    estimate, observation = restored(Clamp(), torch.rand(2, 1000, generator=generator) * 2 - 1, Quantization(n_levels=16))
    assert torch.equal(estimate, observation)


@pytest.mark.parametrize(
    ("settings", "gain_db"), [({"n_levels": 16}, 1.0), ({"n_levels": 64}, 0.3), ({"n_bits": 6, "mu_law": 255.0}, 1.0)], ids=str
)
@pytest.mark.parametrize("name", ["speech_lj/LJ001-0013.flac", "music_solo/librosa_trumpet.flac"])
def test_real_sound_is_restored_and_stays_in_its_cells(settings, gain_db, name, test_audio):
    """By at least half of what is seen: 64 levels err hardly more than fricatives do from any prediction (0.6 to 3 dB)."""
    reference, _ = read_audio(test_audio / name, 0.3, 1.0)
    reference = reference / reference.abs().max()
    task = Quantization(**settings)
    estimate, observation = restored(Smooth(), reference, task)
    assert torch.equal(task.finish(estimate, observation), estimate)
    assert si_sdr(estimate, reference) > si_sdr(observation, reference) + gain_db


@pytest.mark.parametrize("n_bits", [4, 6])
@pytest.mark.parametrize("name", ["speech_lj/LJ001-0013.flac", "music_solo/berklee_marimba_nonsense_1.flac"])
def test_sparsity_within_the_cells_is_ahead_of_smoothing_and_of_convex_optimization(n_bits, name, test_audio):
    """By 0.7 dB or more on pieces of 1 s, where convex optimization is stopped at its published number of turns."""
    reference, rate = read_audio(test_audio / name, 0.5, 1.0)
    reference = reference[:1] / reference.abs().max()
    task = Quantization(n_bits=n_bits)
    problem = Problem(task.degrade(reference, torch.Generator()), task, rate)
    ours, *others = (
        si_sdr(method.estimate(problem), reference) for method in (Dequantize(iterations=40), Smooth(), ChambollePock())
    )
    assert ours > max(others)


@pytest.mark.parametrize(
    "settings", [{"n_levels": 2}, {"n_bits": 3, "mid_tread": True}, {"n_bits": 4, "mu_law": 255.0}, {"n_bits": 24}], ids=str
)
@pytest.mark.parametrize("n_samples", [1, 50, 3000])
def test_cells_of_any_kind(settings, n_samples, generator):
    """Silence and one level among the channels; each estimate finite, within its cells, the channels independent."""
    time = torch.arange(n_samples) / 8000
    tone = 0.4 * torch.sin(2 * math.pi * 440 * time) + 0.01 * torch.randn(n_samples, generator=generator)
    reference = torch.stack([tone, torch.zeros_like(tone), torch.full_like(tone, 0.3)])
    task = Quantization(**settings)
    observation = task.degrade(reference, generator)
    for method in (Dequantize(iterations=5), ChambollePock(256, 64, 512, iterations=5)):
        estimate = method.estimate(Problem(observation, task, 8000))
        assert estimate.isfinite().all()
        assert torch.equal(task.finish(estimate, observation), estimate)
    if "mu_law" not in settings:  # whose cells differ in width: the noise is that of all channels together
        alone = Dequantize(iterations=5).estimate(Problem(observation[:1], task, 8000))
        together = Dequantize(iterations=5).estimate(Problem(observation, task, 8000))
        assert torch.allclose(together[:1], alone, atol=1e-5)


@pytest.mark.slow
def test_chambolle_pock_written_out(generator):
    """In NumPy, with the frame as a matrix of real and imaginary parts; then to the end, where no sound near it has less."""
    n_samples, threshold, step = 60, 0.02, 10.0
    frame = TightFrame(32, 8, 64)
    sound = torch.randn(1, n_samples, generator=generator, dtype=torch.float64).cumsum(-1)
    sound = 0.9 * sound / sound.abs().max()
    task = Quantization(n_bits=3)
    observation = task.degrade(sound, generator).double()
    lower, upper = task.bounds(observation)
    eye = torch.eye(n_samples, dtype=torch.float64)
    columns = frame.analysis(eye).flatten(1).numpy().T  # (bins, time)
    twice = (
        torch.full((33, 1), 2.0).index_fill(0, torch.tensor([0, 32]), 1.0).expand(33, columns.shape[0] // 33).flatten().numpy()
    )
    low, high = lower[0].numpy(), upper[0].numpy()
    p = x = observation[0].numpy()
    c = np.zeros(len(columns), dtype=complex)
    for _ in range(30):
        c = c + columns @ x / step
        c = c * np.minimum(1, threshold / np.maximum(np.abs(c), 1e-300))
        u = p - step * np.real(columns.conj().T @ (twice * c))
        following = (step * np.clip(u, low, high) + u) / (step + 1)
        p, x = following, 2 * following - p
    estimate = chambolle_pock(observation, lower, upper, frame, threshold, 30, step)
    assert np.allclose(estimate[0].numpy(), p, atol=1e-10)

    def cost(waveform):
        away = waveform - np.clip(waveform, low, high)
        return threshold * (twice * np.abs(columns @ waveform)).sum() + 0.5 * (away**2).sum()

    least = chambolle_pock(observation, lower, upper, frame, threshold, 20000, step)[0].numpy()
    rng = np.random.default_rng(0)
    assert all(
        cost(least) <= cost(least + size * rng.standard_normal(n_samples)) for size in (1e-1, 1e-2, 1e-3) for _ in range(20)
    )


def test_the_published_thresholds():
    for n_bits, threshold in ((2, 3e-4), (4, 9.3e-5), (8, 4e-7)):
        task = Quantization(n_bits=n_bits)
        observation = task.degrade(torch.zeros(1, 100), torch.Generator())
        (iterate,) = ChambollePock(64, 16, iterations=1).restore(Problem(observation, task, 8000))
        assert iterate.facts["threshold"] == pytest.approx(threshold, rel=1e-4)


def test_one_turn_is_a_wiener_gain():
    """Of a constant every frame is the same, so one frame written out tells all but the ends."""
    task = Quantization(n_levels=2)  # cells (−∞, 0) and [0, ∞): half as loud is still in its cell
    constant = torch.full((1, 4096), 0.5)  # every sample is a level, the noise known to be 1 / √12
    estimate, _ = restored(Smooth(64, 16, iterations=1), constant, task)
    frame = constant[0, 0] * torch.hann_window(64)
    power = torch.fft.rfft(frame).abs().square()
    noise = task.known_noise_std(constant) ** 2 * torch.hann_window(64).square().sum()
    expected = torch.fft.irfft(torch.fft.rfft(frame) * power / (power + noise), 64)  # a frame; all are alike
    window = torch.hann_window(64)
    level = (expected * window).reshape(4, 16).sum(0) / window.square().reshape(4, 16).sum(0)
    assert torch.allclose(estimate[0, 2048:2064], level, atol=1e-5)


@pytest.mark.parametrize("method", [Clamp(), Smooth(), Dequantize(), ChambollePock()])
def test_other_tasks(method):
    with pytest.raises(ValueError, match="restores task=quantization, and nothing of denoise"):
        method.restore(Problem(torch.randn(1, 4000), Denoise(noise_std=0.1), 16000))


def test_wrong_settings():
    with pytest.raises(ValueError, match="iterations must be at least 1, got 0"):
        Smooth(iterations=0)
    with pytest.raises(ValueError, match="iterations must be at least 1, got 0"):
        Dequantize(iterations=0)
    with pytest.raises(ValueError, match=r"neighborhood must be two odd numbers, of bins and of frames, got \[2, 5\]"):
        Dequantize(neighborhood=(2, 5))
    with pytest.raises(ValueError, match="threshold must be above 0 or null, got 0"):
        ChambollePock(threshold=0.0)
    with pytest.raises(ValueError, match="shorter than one STFT frame"):
        restored(Smooth(), torch.zeros(1, 100), Quantization(n_levels=16))
