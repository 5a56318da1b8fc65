"""A deep prior for a sound of any length: its windows, what it learns from one for the next, and how it goes on."""

from functools import partial
import itertools

import pytest
import torch

from dap.dsp.representation import ComplexSpectrogram
from dap.dsp.signals import tones
from dap.layers.convolution import Conv2d
from dap.losses.elementwise import l2
from dap.methods.prior.deep_prior import DeepPrior
from dap.methods.prior.windowed import Windowed
from dap.methods.problem import Problem
from dap.methods.stopping import Discrepancy, Fixed, Oracle
from dap.models.latents.latent import Latent
from dap.models.spectrogram_unet import SpectrogramUNet
from dap.tasks.clipping import Clipping
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting
from dap.tasks.super_resolution import SuperResolution

RATE = 4000
NOISY = Denoise(noise_std=0.1)


def prior(steps: int = 4) -> DeepPrior:
    return DeepPrior(
        network=partial(SpectrogramUNet, operator=Conv2d, width=4, depth=1, norm_eps=1e-8),
        representation=ComplexSpectrogram(126, 32),
        latent=Latent(4),
        loss=l2,
        optimizer=partial(torch.optim.Adam, lr=1e-2),
        steps=steps,
    )


def windowed(steps: int = 4, stopping=None, **settings) -> Windowed:
    layout = {"window_seconds": 0.25, "overlap_seconds": 0.05, "fade_seconds": 0.02}
    return Windowed(prior(steps), stopping or Fixed(), **{**layout, "passes": 1, **settings})


def noisy_tone(n_samples: int = 3100, n_channels: int = 1) -> torch.Tensor:
    noise = 0.1 * torch.randn(n_channels, n_samples, generator=torch.Generator().manual_seed(0))
    return tones([500.0, 750.0], n_samples, RATE)[None] + noise


@pytest.mark.parametrize("shape", [(3100, 1), (3100, 2), (1000, 1), (700, 1)])
def test_as_long_as_the_observation_and_every_window_restored(shape):
    observation = noisy_tone(*shape)
    iterates = list(windowed().restore(Problem(observation, NOISY, RATE)))
    assert [iterate.step for iterate in iterates] == list(range(len(iterates)))
    assert len(iterates) == (5 if shape[0] == 3100 else 2)
    assert torch.equal(iterates[0].estimate, observation)
    assert all(iterate.estimate.shape == observation.shape for iterate in iterates)
    assert not (iterates[-1].estimate == observation).any()


def test_what_learns_nothing_is_the_deep_prior_on_each_window():
    observation = noisy_tone()
    *_, joined = windowed(learning=0.0).restore(Problem(observation, NOISY, RATE))
    for start in (0, 800):  # 1000 samples each; 140 at the borders go over into the neighbours
        *_, alone = prior().restore(Problem(observation[:, start : start + 1000], NOISY, RATE))
        inside = slice(start + 140, start + 860)
        assert torch.equal(joined.estimate[:, inside], alone.estimate[:, 140:860])


@pytest.mark.parametrize("learning", [0.5, 1.0])
def test_the_first_weights_move_towards_the_last(learning):
    """Of a steady tone the second window is nearer to the truth after as few steps, the more the further they move."""
    observation = noisy_tone()

    def second_loss(learning: float) -> float:
        iterates = windowed(steps=6, learning=learning).restore(Problem(observation, NOISY, RATE))
        return list(itertools.islice(iterates, 3))[2].loss

    assert second_loss(learning) < second_loss(learning - 0.5)  # 0.81 to 0.93 of it over seven seeds


def test_a_second_pass_restores_each_window_again():
    method = windowed(steps=3, passes=2)
    first_pass, last = list(method.restore(Problem(noisy_tone(), NOISY, RATE)))[4::4]
    assert len(last.facts["steps_by_window"]) == 8
    assert last.loss < first_pass.loss  # 0.93 to 0.96 of it over seven seeds
    assert not torch.equal(first_pass.estimate, last.estimate)


@pytest.mark.slow
def test_each_window_stops_by_its_own_rule():
    method = windowed(steps=200, stopping=Discrepancy(), learning=0.5)
    *_, last = method.restore(Problem(noisy_tone(), NOISY, RATE))
    assert all(0 < steps < 200 for steps in last.facts["steps_by_window"])


@pytest.mark.parametrize("stopped_after", [0, 2, 6])
def test_it_goes_on_with_the_same_bits(stopped_after):
    observation = noisy_tone()
    method = windowed(passes=2)
    whole = list(method.restore(Problem(observation, NOISY, RATE)))
    iterates = windowed(passes=2).restore(Problem(observation, NOISY, RATE))
    state = list(itertools.islice(iterates, stopped_after + 1))[-1].state()
    other = windowed(passes=2)
    rest = list(other.resume(state, Problem(observation, NOISY, RATE)))
    assert [iterate.step for iterate in rest] == list(range(stopped_after + 1, 9))
    assert torch.equal(rest[-1].estimate, whole[-1].estimate)
    assert rest[-1].facts == whole[-1].facts


def test_silence_stays_silent_and_teaches_nothing():
    observation = torch.cat([torch.zeros(1, 1000), noisy_tone(1000)], dim=-1)
    method = windowed()
    *_, last = method.restore(Problem(observation, NOISY, RATE))
    assert last.facts["steps_by_window"][0] == 0
    assert not last.estimate[:, :800].any()
    assert last.estimate[:, 1200:].any()


@pytest.mark.slow
def test_gaps_in_any_window_are_filled():
    task = Inpainting(gaps=[[0.1, 0.12], [0.6, 0.62]]).at(RATE, 3100, None)
    observation = task.observe(noisy_tone())
    *_, last = windowed(steps=80).restore(Problem(observation, task, RATE))
    finished = task.finish(last.estimate, observation)
    known = task.weight == 1
    assert torch.allclose(finished[:, known], observation[:, known], atol=1e-6)
    for start, stop in ((400, 480), (2400, 2480)):
        assert finished[:, start:stop].square().mean() > 0.002  # not silence; 0.03 to 0.2 over seven seeds


@pytest.mark.slow
def test_what_was_clipped_is_free_beyond_its_level_in_each_window():
    reference = tones([500.0, 750.0], 3100, RATE)[None]
    task = Clipping(level=0.5).at(RATE, 3100, None)
    observation = task.degrade(reference, torch.Generator())
    *_, last = windowed(steps=240).restore(Problem(observation, task, RATE))
    finished = task.finish(last.estimate, observation)
    for part in (slice(0, 1000), slice(1000, 2000), slice(2000, 3100)):
        assert (finished - reference)[:, part].square().mean() < 0.95 * (observation - reference)[:, part].square().mean()


def test_bad_settings_are_refused():
    for wrong, message in (
        ({"window_seconds": 0.0}, "window_seconds must be above 0 s, got 0.0"),
        ({"overlap_seconds": 0.2}, "got 0.2"),
        ({"passes": 0}, "passes must be at least 1, got 0"),
        ({"learning": 1.5}, "learning must be from 0 to 1, got 1.5"),
        ({"stopping": Oracle()}, "not oracle"),
    ):
        with pytest.raises(ValueError, match=message):
            windowed(**wrong)
    task = SuperResolution(factor=2).at(RATE, 3100, None)
    with pytest.raises(ValueError, match="task=super_resolution cannot be cut into windows"):
        windowed().restore(Problem(noisy_tone(), task, RATE))
