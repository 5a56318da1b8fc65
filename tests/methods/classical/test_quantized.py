"""Classical methods for quantised sound."""

import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.methods.classical.clamp import Clamp
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


@pytest.mark.parametrize("method", [Clamp(), Smooth()])
def test_other_tasks(method):
    with pytest.raises(ValueError, match="restores task=quantization, and nothing of denoise"):
        method.restore(Problem(torch.randn(1, 4000), Denoise(noise_std=0.1), 16000))


def test_wrong_settings():
    with pytest.raises(ValueError, match="iterations must be at least 1, got 0"):
        Smooth(iterations=0)
    with pytest.raises(ValueError, match="shorter than one STFT frame"):
        restored(Smooth(), torch.zeros(1, 100), Quantization(n_levels=16))
