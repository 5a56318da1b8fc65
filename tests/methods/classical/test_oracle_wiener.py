"""The oracle's mask: above every blind filter, and no other's phase."""

import torch

from dap.audio.sound_file import read_audio
from dap.methods.classical.decision_directed import DecisionDirectedFilter
from dap.methods.classical.oracle_wiener import OracleWiener
from dap.methods.classical.spectral_filter import frame_stft
from dap.methods.problem import Problem
from dap.metrics.distortion import snr
from dap.tasks.denoise import Denoise

TASK = Denoise(noise_std=0.1)


def test_it_is_the_ceiling(test_audio, generator):
    waveform, rate = read_audio(test_audio / "speech_lj" / "LJ001-0014.flac", 0.0, 1.5)
    reference = waveform / waveform.abs().max()
    observation = TASK.degrade(reference, generator)
    best = next(OracleWiener().restore(Problem(observation, TASK, rate, reference))).estimate
    told = next(DecisionDirectedFilter("known", noise_std=0.1).restore(Problem(observation, TASK, rate))).estimate
    assert snr(best, reference) > snr(told, reference) + 3


def test_the_mask_by_hand(generator):
    reference, noise = torch.randn(2, 1, 4000, generator=generator)
    estimate = next(OracleWiener().restore(Problem(reference + noise, TASK, 8000, reference))).estimate
    stft = frame_stft(0.032, 8000)
    sound, rest = stft.analysis(reference), stft.analysis(noise)
    expected = stft.synthesis(sound.abs() ** 2 / (sound.abs() ** 2 + rest.abs() ** 2) * (sound + rest), 4000)
    assert torch.allclose(estimate, expected, atol=1e-4)
