"""DNP: what fluctuates from one output to the next is filtered out of the observation."""

import numpy as np
import pytest
import torch

from dap.dsp.spectral_gain import log_mmse_gain
from dap.dsp.stft import STFT
from dap.methods.iterate import Iterate
from dap.methods.method import Method
from dap.methods.prior.dnp import DNP
from dap.methods.problem import Problem
from dap.metrics.distortion import si_sdr
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting
from tests.methods.prior.test_deep_prior import prior

TASK = Denoise(noise_std=0.1)


class Given(Method):
    """A fit whose outputs are given."""

    def __init__(self, outputs: list[torch.Tensor]) -> None:
        super().__init__()
        self.outputs, self.steps = outputs, len(outputs) - 1

    def iterates(self, state, problem):
        return iter(
            [Iterate(step, 1.0 / (step + 1), output, facts={"n_parameters": 7}) for step, output in enumerate(self.outputs)]
        )


@pytest.fixture
def outputs(generator) -> list[torch.Tensor]:
    """A tone that is there at once, and noise that is another at each step, in the upper half of the band alone."""
    tone = torch.sin(torch.arange(4000) * 0.3)[None]
    spec = STFT(64, 16).analysis(torch.randn(8, 1, 4000, generator=generator))
    spec[..., :16, :] = 0
    return list(tone + 0.1 * STFT(64, 16).synthesis(spec, 4000))


def dnp(outputs: list[torch.Tensor], **settings) -> DNP:
    return DNP(Given(outputs), **{"n_fft": 64, "hop_length": 16, "warm_up": 3, **settings})


def test_noise_that_no_output_repeats_is_taken_away(outputs, generator):
    """White noise: half of it lies where the outputs fluctuate, so 3 dB are the most."""
    tone = torch.sin(torch.arange(4000) * 0.3)[None]
    observation = tone + 0.3 * torch.randn(1, 4000, generator=generator)
    for kind in ("wiener", "lsa"):
        last = list(dnp(outputs, filter=kind).restore(Problem(observation, TASK, 8000)))[-1]
        assert si_sdr(last.estimate, tone) > si_sdr(observation, tone) + 2


@pytest.mark.parametrize("kind", ["wiener", "lsa"])
def test_against_the_formulas_written_out(outputs, kind, generator):
    """In NumPy; percentiles without interpolation."""
    observation = torch.randn(1, 4000, generator=generator)
    iterates = list(dnp(outputs, filter=kind).restore(Problem(observation, TASK, 8000)))
    stft = STFT(64, 16)
    magnitudes = [stft.analysis(output).abs().numpy() for output in outputs]
    score = np.zeros_like(magnitudes[0])
    for step in range(3, 8):
        score = score + np.abs(magnitudes[step] - magnitudes[step - 1]) / magnitudes[step]
        score = score.clip(*(np.percentile(score, rank, method="nearest") for rank in (10, 90)))
        gain = torch.from_numpy(((score.max() - score) / (score.max() - score.min())).clip(1e-3))
        if kind == "lsa":
            posterior = 1 / (1 - gain).square().clamp(min=1e-10)
            gain = log_mmse_gain((posterior - 1).clamp(min=1e-3), posterior).clamp(max=1)
        expected = stft.synthesis(gain * stft.analysis(observation), 4000)
        assert torch.allclose(iterates[step].estimate, expected, atol=1e-4)


def test_before_the_first_difference_the_iterates_are_the_fits_own(outputs):
    observation = torch.randn(1, 4000)
    iterates = list(dnp(outputs).restore(Problem(observation, TASK, 8000)))
    assert [iterate.step for iterate in iterates] == list(range(8))
    assert [iterate.loss for iterate in iterates] == [1 / (step + 1) for step in range(8)]
    same = [torch.equal(iterate.estimate, output) for iterate, output in zip(iterates, outputs, strict=True)]
    assert same == [True] * 3 + [False] * 5
    networks = dnp(outputs, filter="network").restore(Problem(observation, TASK, 8000))
    assert all(torch.equal(iterate.estimate, output) for iterate, output in zip(networks, outputs, strict=True))


@pytest.mark.parametrize("kind", ["wiener", "lsa"])
def test_outputs_that_do_not_change_leave_the_observation(kind):
    """Nothing fluctuates: nothing is told apart, and nothing is taken away."""
    observation = torch.randn(2, 4000)
    last = list(dnp([torch.ones(2, 4000)] * 5, filter=kind).restore(Problem(observation, TASK, 8000)))[-1]
    assert torch.allclose(last.estimate, observation, atol=1e-4)


def test_silent_outputs_do_no_harm():
    silence, noise = torch.zeros(1, 4000), torch.randn(1, 4000)
    outputs = [silence] * 4 + [noise, silence, noise]
    for iterate in dnp(outputs, filter="lsa").restore(Problem(torch.randn(1, 4000), TASK, 8000)):
        assert iterate.estimate.isfinite().all()


def test_it_wraps_a_deep_prior():
    method = DNP(prior(steps=4), warm_up=2)
    observation = torch.randn(2, 3000)
    iterates = list(method.restore(Problem(observation, TASK, 16000)))
    assert [iterate.step for iterate in iterates] == [0, 1, 2, 3, 4]
    assert all(iterate.estimate.shape == (2, 3000) for iterate in iterates)
    assert iterates[-1].facts["n_parameters"] > 1000
    again = list(DNP(prior(steps=4), warm_up=2).restore(Problem(observation, TASK, 16000)))
    assert torch.equal(iterates[-1].estimate, again[-1].estimate)


def test_tasks_and_clips_that_it_is_not_for(outputs):
    with pytest.raises(ValueError, match="DNP restores task=denoise or quantization, and nothing of inpainting"):
        dnp(outputs).restore(Problem(torch.randn(1, 4000), Inpainting(n_gaps=1).at(8000, 4000, torch.Generator()), 8000))
    with pytest.raises(ValueError, match="shorter than one STFT frame"):
        dnp(outputs).restore(Problem(torch.randn(1, 40), TASK, 8000))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"filter": "median"}, "filter must be one of wiener, lsa, network, got 'median'"),
        ({"warm_up": 0}, "warm_up must be at least step 1, got 0"),
        ({"warm_up": 8}, "a fit of 7 steps ends before the warm-up of 8: give more steps"),
        ({"percentiles": (90.0, 10.0)}, r"percentiles must be two rising numbers from 0 to 100, got \[90.0, 10.0\]"),
        ({"floor": 0.0}, "floor must be between 0 and 1, got 0.0"),
    ],
)
def test_wrong_settings(outputs, settings, message):
    with pytest.raises(ValueError, match=message):
        dnp(outputs, **settings)
