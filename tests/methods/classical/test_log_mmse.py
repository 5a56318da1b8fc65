"""The log-spectral amplitude estimator beside the Wiener filter."""

import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.dsp.signals import white_noise
from dap.methods.classical.decision_directed import DecisionDirectedFilter
from dap.methods.problem import Problem
from dap.metrics.distortion import snr
from dap.tasks.denoise import Denoise

TASK = Denoise(noise_std=0.1)


@pytest.mark.parametrize(("noise", "gain"), [("known", 7.0), ("tracked", 7.0)])
def test_speech(noise, gain, test_audio, generator):
    waveform, rate = read_audio(test_audio / "speech_lj" / "LJ001-0014.flac", 0.0, 1.5)
    reference = waveform / waveform.abs().max()
    observation = TASK.degrade(reference, generator)
    method = DecisionDirectedFilter(noise, 0.1 if noise == "known" else None, estimator="log_mmse")
    estimate = next(method.restore(Problem(observation, TASK, rate))).estimate
    assert snr(estimate, reference) > snr(observation, reference) + gain


def test_more_noise_stays_than_with_wiener_and_it_is_steadier(generator):
    """In noise alone: spectral peaks of the residue stand out less from its mean (musical noise)."""
    noise = white_noise((1, 16000), 0.1, generator)
    power = {}
    for estimator in ("log_mmse", "wiener"):
        method = DecisionDirectedFilter("known", 0.1, estimator=estimator)
        estimate = next(method.restore(Problem(noise, TASK, 16000))).estimate
        power[estimator] = torch.stft(estimate[0], 512, window=torch.hann_window(512), return_complex=True).abs().square()
    assert power["log_mmse"].mean() > power["wiener"].mean()
    stands_out = {estimator: float(spec.quantile(0.999) / spec.mean()) for estimator, spec in power.items()}
    assert stands_out["log_mmse"] < stands_out["wiener"]


def test_without_noise_nothing_changes(generator):
    observation = torch.randn(2, 4001, generator=generator)
    estimate = next(
        DecisionDirectedFilter("known", 0.0, estimator="log_mmse").restore(Problem(observation, TASK, 11025))
    ).estimate
    assert torch.allclose(estimate, observation, atol=1e-5)


def test_an_estimator_that_there_is_not():
    with pytest.raises(ValueError, match="estimator must be one of wiener, log_mmse, got 'mmse'"):
        DecisionDirectedFilter(estimator="mmse")
