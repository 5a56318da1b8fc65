"""The deep prior as a method: its promise, on a real recording, and its reproducibility."""

from functools import partial

import pytest
import torch

from dap.dsp.representation import ComplexSpectrogram
from dap.dsp.signals import tones
from dap.layers.convolution import Conv2d
from dap.losses.elementwise import l2
from dap.losses.multi_resolution import multi_resolution_stft
from dap.methods.iterate import Iterate
from dap.methods.method import Method
from dap.methods.prior.deep_prior import DeepPrior
from dap.methods.problem import Problem
from dap.metrics.distortion import si_sdr
from dap.models.latents.latent import Latent
from dap.models.spectrogram_unet import SpectrogramUNet
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting


def prior(operator=Conv2d, width: int = 4, steps: int = 3, **settings) -> DeepPrior:
    return DeepPrior(
        network=partial(SpectrogramUNet, operator=operator, width=width, norm_eps=1e-8),
        representation=ComplexSpectrogram(510, 128),
        latent=Latent(8),
        loss=l2,
        optimizer=partial(torch.optim.Adam, lr=4e-3),
        steps=steps,
        **settings,
    )


@pytest.mark.parametrize("shape", [(1, 4001), (2, 3000), (1, 510)])
def test_estimates_have_the_observations_shape(shape):
    iterates = list(prior().restore(Problem(torch.randn(shape), Denoise(noise_std=0.1), 16000)))
    assert [iterate.step for iterate in iterates] == [0, 1, 2, 3]
    assert all(iterate.estimate.shape == shape for iterate in iterates)


def test_same_seed_same_numbers_and_the_global_state_is_left_alone():
    observation = torch.randn(1, 2000)
    state = torch.get_rng_state()
    first = list(prior(seed=1, input_noise_std=0.1).restore(Problem(observation, Denoise(noise_std=0.1), 16000)))[-1].estimate
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(7)
    second = list(prior(seed=1, input_noise_std=0.1).restore(Problem(observation, Denoise(noise_std=0.1), 16000)))[-1].estimate
    other = list(prior(seed=2, input_noise_std=0.1).restore(Problem(observation, Denoise(noise_std=0.1), 16000)))[-1].estimate
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_the_fit_does_not_depend_on_the_level():
    observation = torch.randn(1, 2000)
    quiet, loud = (
        list(prior(steps=5).restore(Problem(gain * observation, Denoise(noise_std=0.1), 16000)))[-1].estimate / gain
        for gain in (0.125, 8)
    )
    assert torch.allclose(quiet, loud, atol=1e-5)


def test_the_mean_of_the_outputs():
    observation = torch.randn(1, 2000)
    plain = [iterate.estimate for iterate in prior().restore(Problem(observation, Denoise(noise_std=0.1), 16000))]
    averaged = [
        iterate.estimate for iterate in prior(output_ema=0.5).restore(Problem(observation, Denoise(noise_std=0.1), 16000))
    ]
    assert torch.allclose(averaged[0], plain[0], atol=1e-6)
    assert torch.allclose(averaged[1], (0.25 * plain[0] + 0.5 * plain[1]) / 0.75, atol=1e-6)


def test_a_task_that_observes_in_part_is_compared_through_its_observation():
    class FirstHalf(Denoise):
        identity = False

        def observe(self, estimate):
            mask = torch.ones_like(estimate)
            mask[..., estimate.shape[-1] // 2 :] = 0
            return mask * estimate

    task = FirstHalf(noise_std=0.1)
    observation = task.observe(torch.randn(1, 4000))
    losses = [iterate.loss for iterate in prior(steps=40).restore(Problem(observation, task, 16000))]
    assert losses[-1] < 0.9 * losses[0]


def test_the_number_of_parameters_is_told():
    iterate = next(prior().restore(Problem(torch.randn(1, 2000), Denoise(noise_std=0.1), 16000)))
    assert iterate.facts["n_parameters"] > 1000


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"input_noise_std": -1.0}, "input_noise_std must be at least 0"),
        ({"output_ema": 1.0}, "output_ema must be at least 0 and below 1"),
        ({"target_rms": 0.0}, "target_rms must be above 0 or null"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        prior(**settings)


def test_silence():
    with pytest.raises(ValueError, match="the observation is silent"):
        prior().restore(Problem(torch.zeros(1, 2000), Denoise(noise_std=0.1), 16000))


def test_the_learning_rate_decays():
    """Once it is next to nothing, the estimate stays as it is."""
    iterates = prior(steps=4, lr_decay=(2, 1e-12)).restore(Problem(torch.randn(1, 2000), Denoise(noise_std=0.1), 16000))
    estimates = [iterate.estimate for iterate in iterates]
    assert not torch.allclose(estimates[1], estimates[2], atol=1e-6)
    assert torch.allclose(estimates[2], estimates[4], atol=1e-6)


@pytest.mark.parametrize("lr_decay", [(0, 0.1), (10, 0.0), (10, 2.0)])
def test_a_learning_rate_does_not_decay_like_that(lr_decay):
    with pytest.raises(ValueError, match="lr_decay must be a number of steps, at least 1, and a factor above 0 and up to 1"):
        prior(lr_decay=lr_decay)


@pytest.mark.slow
def test_the_stft_loss_draws_the_magnitudes_nearer():
    observation = tones([440.0, 1300.0], 4000, 16000)[None]
    observation = observation + 0.1 * torch.randn(1, 4000, generator=torch.Generator().manual_seed(0))

    def distance(weight: float) -> float:
        *_, last = prior(steps=30, stft_loss_weight=weight).restore(Problem(observation, Denoise(noise_std=0.1), 16000))
        return float(multi_resolution_stft(last.estimate, observation))

    assert distance(10.0) < 0.95 * distance(0.0)  # 0.63 to 0.72 of it over seven seeds


@pytest.mark.slow
def test_what_is_not_observed_is_drawn_to_silence_or_to_the_guide(generator):
    tone = tones([1000.0], 4000, 8000)[None]

    class Tone(Method):
        def iterates(self, state, problem):
            return iter([Iterate(0, None, tone)])

    task = Inpainting(gaps=[[0.1, 0.3]]).at(8000, 4000, generator)
    observation = task.observe(torch.randn(1, 4000, generator=generator))

    def gap(**settings):
        iterates = prior(steps=80, target_rms=None, **settings).restore(Problem(observation, task, 8000))
        return list(iterates)[-1].estimate[:, 1000:2200]

    silent, guided = gap(unobserved_weight=10.0), gap(unobserved_weight=10.0, guide=Tone())
    assert silent.square().mean() < 0.01 * observation.square().mean()
    # Over eight seeds −24 to −41 dB without the guide, and −0.8 to 9 with it.
    assert si_sdr(guided, tone[:, 1000:2200]) > si_sdr(silent, tone[:, 1000:2200]) + 10
