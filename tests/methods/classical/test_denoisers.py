"""What every classical denoiser keeps to."""

from functools import partial

import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.methods.classical.block_threshold import BlockThreshold
from dap.methods.classical.decision_directed import DecisionDirectedFilter
from dap.methods.classical.filter_bank import FilterBank
from dap.methods.classical.noisereduce import NoiseReduce
from dap.methods.classical.oracle_wiener import OracleWiener
from dap.methods.classical.spectral_subtraction import SpectralSubtraction
from dap.methods.classical.wavelet import Wavelet
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.metrics.distortion import si_sdr
from dap.tasks.chain import Chain
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting
from dap.tasks.quantization import Quantization
from dap.tasks.super_resolution import SuperResolution

RATE = 16000
TASK = Denoise(noise_std=0.1)

WIENERS = ["wiener tracked", "wiener white", "wiener lead", "wiener known"]
ALL = [
    *WIENERS,
    "log_mmse",
    "spectral_subtraction",
    "wavelet",
    "noisereduce",
    "oracle_wiener",
    "filter_bank",
    "block_threshold",
]
PROMISING = [name for name in ALL if name not in ("wiener lead", "noisereduce")]  # clips begin with sound; held notes are gated
every = pytest.mark.parametrize("name", ALL)
MADE = {
    "log_mmse": partial(DecisionDirectedFilter, estimator="log_mmse"),
    "spectral_subtraction": SpectralSubtraction,
    "wavelet": Wavelet,
    "noisereduce": NoiseReduce,
    "oracle_wiener": OracleWiener,
    "filter_bank": FilterBank,
    "block_threshold": BlockThreshold,
}


def make(name: str, gain: float = 1.0) -> OneShot:
    """The denoiser, for an observation whose level is ``gain`` times the usual."""
    if name in WIENERS:
        noise = name.split()[1]
        return DecisionDirectedFilter(noise, noise_std=0.1 * gain if noise == "known" else None)
    return MADE[name]()


def restored(method: OneShot, observation: torch.Tensor, reference: torch.Tensor | None = None) -> torch.Tensor:
    iterates = list(method.restore(Problem(observation, TASK, RATE, reference)))
    assert len(iterates) == method.count(Problem(observation, TASK, RATE)) == 1
    assert (iterates[0].step, iterates[0].loss) == (0, None)
    return iterates[0].estimate


@every
@pytest.mark.parametrize("shape", [(1, 4001), (2, 3000), (1, 1024)])
def test_the_estimate_has_the_observations_shape_and_type(name, shape):
    observation = torch.randn(shape)
    estimate = restored(make(name), observation, 0.9 * observation)
    assert (estimate.shape, estimate.dtype) == (observation.shape, observation.dtype)
    assert torch.isfinite(estimate).all()


@pytest.mark.parametrize("name", [name for name in ALL if name != "filter_bank"])
def test_channels_do_not_meet(name, generator):
    observation = torch.randn(2, 6000, generator=generator) * torch.tensor([[1.0], [0.2]])
    reference = 0.5 * observation
    both = restored(make(name), observation, reference)
    for channel in range(2):
        alone = restored(make(name), observation[channel : channel + 1], reference[channel : channel + 1])
        assert torch.allclose(both[channel], alone[0], atol=1e-5)


@every
def test_the_level_makes_no_difference(name, test_audio, generator):
    reference, _ = read_audio(test_audio / "speech_lj" / "LJ001-0013.flac", 0.3, 0.5)
    reference = reference / reference.abs().max()
    observation = TASK.degrade(reference, generator)
    usual, loud = (restored(make(name, gain), gain * observation, gain * reference) / gain for gain in (1, 8))
    assert torch.allclose(usual, loud, atol=1e-5)


@every
def test_the_observation_is_left_as_it_was(name):
    observation = torch.randn(1, 4000)
    before = observation.clone()
    restored(make(name), observation, 0.9 * observation)
    assert torch.equal(observation, before)


@every
def test_silence(name):
    silence = torch.zeros(2, 5000)
    estimate = restored(make(name), silence, silence)
    assert torch.isfinite(estimate).all()
    assert not estimate.any()


@every
def test_a_clip_that_is_too_short(name):
    with pytest.raises(ValueError, match=r"the clip (has|of) 20 samples"):
        make(name).restore(Problem(torch.randn(1, 20), TASK, RATE, torch.randn(1, 20)))


@every
@pytest.mark.parametrize("task", [Inpainting(n_gaps=1), SuperResolution(2), Chain([TASK, SuperResolution(2)])])
def test_other_tasks_are_refused(name, task):
    with pytest.raises(ValueError, match="restores task=denoise or quantization, and nothing of"):
        make(name).restore(Problem(torch.randn(1, 4000), task, RATE, torch.randn(1, 4000)))


@every
@pytest.mark.parametrize("task", [Quantization(n_levels=8), Chain([TASK, Quantization(n_levels=8)])])
def test_quantisation_is_noise(name, task, generator):
    reference = 0.5 * torch.randn(1, 4000, generator=generator).clamp(-1, 1)
    observation = task.degrade(reference, generator)
    estimate = next(make(name).restore(Problem(observation, task, RATE, reference))).estimate
    assert torch.isfinite(estimate).all()


@pytest.mark.parametrize("clip", ["speech_other/vctk16_p226_003.flac", "music_solo/sms_flute-A4.flac"])
@pytest.mark.parametrize("name", PROMISING)
def test_the_promise(name, clip, test_audio, generator):
    """Nearer to the truth than the observation."""
    reference, rate = read_audio(test_audio / clip, 0.6, 1.0)
    reference = reference / reference.abs().max()
    observation = TASK.degrade(reference, generator)
    estimate = next(make(name).restore(Problem(observation, TASK, rate, reference))).estimate
    assert si_sdr(estimate, reference) > si_sdr(observation, reference) + 4


@every
def test_only_the_oracle_looks_at_the_reference(name, generator):
    observation, reference = torch.randn(2, 1, 4000, generator=generator)
    if isinstance(make(name), OracleWiener):
        assert not make(name).blind
        with pytest.raises(ValueError, match="makes its gain from the reference"):
            make(name).restore(Problem(observation, TASK, RATE))
    else:
        assert make(name).blind
        assert torch.equal(restored(make(name), observation), restored(make(name), observation, reference))


@every
def test_nothing_is_printed(name, capfd):
    restored(make(name), torch.randn(1, 4000), torch.randn(1, 4000))
    assert capfd.readouterr() == ("", "")
