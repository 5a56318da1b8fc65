"""method=declip, and what restore does with clipped recordings."""

import pytest
import soundfile
import torch

import dap
from dap.audio.sound_file import read_audio
from dap.audio.windows import Layout
from dap.commands.restore import main
from dap.methods.classical.autoregressive import Autoregressive
from dap.methods.classical.declip import Declip
from dap.methods.problem import Problem
from dap.metrics.distortion import si_sdr, snr
from dap.running.api import blind_method
from dap.tasks.clipping import Clipping
from dap.tasks.denoise import Denoise


def clip(path, test_audio, seconds=0.5):
    waveform, rate = read_audio(test_audio / path, 0.5, seconds)
    return waveform[:1] / waveform[:1].abs().max(), rate


def observed(reference, rate, input_sdr_db):
    task = Clipping(input_sdr_db=input_sdr_db).at(rate, reference.shape[-1], torch.Generator())
    return task, task.degrade(reference, torch.Generator())


@pytest.mark.parametrize("input_sdr_db", [5.0, pytest.param(15.0, marks=pytest.mark.slow)])
@pytest.mark.parametrize("path", ["speech_lj/LJ001-0013.flac", "music_solo/librosa_trumpet.flac"])
def test_real_sound_is_declipped_and_consistent(path, input_sdr_db, test_audio):
    reference, rate = clip(path, test_audio)
    task, observation = observed(reference, rate, input_sdr_db)
    estimate = next(Declip().restore(Problem(observation, task, rate))).estimate
    assert torch.equal(task.finish(estimate, observation), estimate)
    assert torch.equal(task.observe(estimate), observation)
    assert snr(estimate, reference) > snr(observation, reference) + 6


@pytest.mark.slow
def test_it_is_better_than_gaps_filled_by_prediction(test_audio):
    """Which knows no level: finish brings its samples to it."""
    reference, rate = clip("speech_lj/LJ001-0013.flac", test_audio, 0.4)
    task, observation = observed(reference, rate, 10.0)
    predicted = next(Autoregressive(iterations=1).restore(Problem(observation, task, rate))).estimate
    estimate = next(Declip().restore(Problem(observation, task, rate))).estimate
    assert snr(estimate, reference) > snr(task.finish(predicted, observation), reference) + 3


@pytest.mark.parametrize("path", ["speech_lj/LJ001-0013.flac", "music_solo/librosa_trumpet.flac"])
def test_a_clipped_file_by_the_api(path, test_audio):
    reference, rate = clip(path, test_audio)
    _, observation = observed(reference, rate, 10.0)
    restored = dap.restore(observation[0].double().numpy(), rate, task="clipping", quality="fast")
    assert (restored.shape, restored.dtype) == ((reference.shape[-1],), "float64")
    assert snr(torch.from_numpy(restored)[None].float(), reference) > snr(observation, reference) + 6


def test_windows_leave_no_seam():
    """Where one window goes over into the next each sample is within the bounds still, and as near as elsewhere."""
    reference = 0.8 * torch.sin(torch.arange(30000) * 0.3)[None] * torch.linspace(0.5, 1, 30000)
    task, observation = observed(reference, 8000, 10.0)
    method, _ = blind_method("fast")
    method.layout = Layout(1.0, 0.4, 0.1)
    estimate = next(method.restore(Problem(observation, task, 8000))).estimate
    assert torch.allclose(task.finish(estimate, observation), estimate, atol=1e-6)
    errors = (estimate - reference)[0, 2000:-2000].reshape(-1, 1000).abs().amax(1)
    assert errors.max() < 0.02


def test_noisy_and_clipped_is_declipped_first(test_audio, generator):
    """With the switch off the level stays; with it what lay beyond comes back, before the noise is taken away."""
    reference, rate = clip("speech_lj/LJ001-0013.flac", test_audio)
    noisy = reference + 0.02 * torch.randn(reference.shape, generator=generator)
    observation = noisy.clamp(-0.3, 0.3)
    method, task = blind_method("fast")
    estimate = next(method.restore(Problem(observation, task, rate))).estimate
    method.parts["denoise"].declip = False
    without = next(method.restore(Problem(observation, task, rate))).estimate
    assert si_sdr(estimate, reference) > si_sdr(without, reference) + 3
    assert estimate.abs().max() > 0.5 > without.abs().max()


def test_what_is_not_clipped_is_denoised_as_ever(test_audio, generator):
    reference, rate = clip("speech_lj/LJ001-0013.flac", test_audio)
    noisy = Denoise(noise_std=0.1).degrade(reference, generator)
    method, task = blind_method("fast")
    estimate = next(method.restore(Problem(noisy, task, rate))).estimate
    method.parts["denoise"].declip = False
    assert torch.equal(estimate, next(method.restore(Problem(noisy, task, rate))).estimate)


def test_a_clipped_file_by_the_command(tmp_path, generator):
    """The peak that comes back is above full scale, and a float file holds it."""
    tone = 1.5 * torch.sin(torch.arange(16000) * 0.3) + 0.01 * torch.randn(16000, generator=generator)
    soundfile.write(tmp_path / "loud.wav", tone.clamp(-1, 1).numpy(), 8000, subtype="PCM_16")
    with pytest.raises(SystemExit, match="0"):
        main([str(tmp_path / "loud.wav"), "--out", str(tmp_path / "out"), "--quality", "fast", "--device", "cpu"])
    restored, _ = soundfile.read(tmp_path / "out" / "loud.wav")
    assert restored.max() == pytest.approx(1.5, abs=0.1)
    assert restored.min() == pytest.approx(-1.5, abs=0.1)


def test_several_lengths_of_frames_are_their_mean():
    tone = torch.sin(torch.arange(3000) * 0.3)[None].clamp(max=0.5)
    first, second, both = (Declip(seconds).declipped(tone, 8000) for seconds in ((0.032,), (0.096,), (0.032, 0.096)))
    assert torch.allclose(both, (first + second) / 2, atol=1e-6)


def test_channels_each_have_their_own_tops(generator):
    tone = torch.sin(torch.arange(8000) * 0.3)
    observation = torch.stack([tone.clamp(max=0.5), 0.5 * torch.randn(8000, generator=generator)])
    estimate = Declip().declipped(observation, 8000)
    assert torch.equal(estimate[1], observation[1])
    assert (estimate[0] - tone).abs().max() < 0.02


def test_other_tasks_and_wrong_settings():
    with pytest.raises(ValueError, match="Declip restores task=clipping, and nothing of"):
        Declip().restore(Problem(torch.randn(1, 4000), Denoise(noise_std=0.1), 16000))
    for settings, message in (
        ({"frame_seconds": (0.1, 0.0)}, r"frame_seconds must be lengths above 0 s, at least one, got \[0.1, 0.0\]"),
        ({"order_seconds": (-1.0,)}, r"order_seconds must be lengths above 0 s, got \[-1.0\]"),
        ({"iterations": 0}, "iterations must be at least 1, got 0"),
        ({"depth_db": -1.0}, "depth_db must be a finite number above 0, got -1.0"),
    ):
        with pytest.raises(ValueError, match=message):
            Declip(**settings)
