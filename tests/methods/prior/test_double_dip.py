"""Several priors on one mixture: their masks, their promise on tones, and that a fit goes on as if it had not stopped."""

from functools import partial

import pytest
import torch

from dap.dsp.signals import tones
from dap.layers.convolution import Conv2d
from dap.losses.elementwise import l2
from dap.methods.prior.double_dip import DoubleDIP, masks
from dap.methods.problem import Problem
from dap.metrics.separation import separation_scores
from dap.models.latents.striped import StripedLatent
from dap.models.spectrogram_unet import SpectrogramUNet
from dap.tasks.separation import Separation

STRIPES = (StripedLatent(4, "time"), StripedLatent(4, "frequency"))


def double_dip(latents=STRIPES, steps: int = 3, n_sources: int = 2, **settings) -> DoubleDIP:
    return DoubleDIP(
        networks=[partial(SpectrogramUNet, operator=Conv2d, width=4, depth=0, norm_eps=1e-8)],
        latents=list(latents),
        loss=l2,
        optimizer=partial(torch.optim.Adam, lr=8e-3),
        n_sources=n_sources,
        steps=steps,
        n_fft=126,
        hop_length=32,
        **settings,
    )


@pytest.fixture
def two_tones() -> torch.Tensor:
    """A steady tone of 500 Hz, and bursts of 10 ms of one of 1250 Hz, equally loud: (source, 1, time) at 4 kHz."""
    steady = tones([500.0], 6000, 4000)
    bursts = tones([1250.0], 6000, 4000) * ((torch.arange(6000) % 1500) < 40)
    sources = torch.stack([steady, bursts])[:, None]
    return sources / sources.square().mean((1, 2), keepdim=True).sqrt()


def test_two_tones_are_taken_apart(two_tones):
    pytest.importorskip("fast_bss_eval")
    task = Separation()
    mixture = task.observe(two_tones)
    *_, last = double_dip(steps=48).restore(Problem(mixture, task, 4000))
    estimate = task.align(task.finish(last.estimate, mixture), two_tones)
    before = separation_scores(mixture.expand(2, -1), two_tones[:, 0], permute=False)
    after = separation_scores(estimate[:, 0], two_tones[:, 0], permute=False)
    assert all(gained > had + 4 for gained, had in zip(after.sdr, before.sdr, strict=True))


@pytest.mark.parametrize(("n_sources", "n_channels"), [(2, 1), (3, 2)])
def test_estimates_sum_to_the_mixture(n_sources, n_channels):
    mixture = torch.randn(n_channels, 1501)
    for iterate in double_dip(n_sources=n_sources).restore(Problem(mixture, Separation(n_sources), 4000)):
        assert iterate.estimate.shape == (n_sources, n_channels, 1501)
        assert torch.allclose(iterate.estimate.sum(0), mixture, atol=1e-5)


def test_masks_lie_in_0_to_1_and_sum_to_1():
    magnitudes = torch.rand(3, 1, 20, 30)
    magnitudes[:, :, :5] = 0  # where nobody has anything
    for power in (0.5, 2.0, 8.0):
        found = masks(magnitudes, power)
        assert found.min() >= 0
        assert found.max() <= 1
        assert torch.allclose(found.sum(0), torch.ones(1, 20, 30))


def test_a_fit_that_stopped_goes_on_bit_for_bit(two_tones):
    mixture = two_tones.sum(0)
    whole = list(double_dip(steps=5).restore(Problem(mixture, Separation(), 4000)))
    iterates = double_dip(steps=5).restore(Problem(mixture, Separation(), 4000))
    state = [next(iterates) for _ in range(3)][-1].state()
    rest = list(double_dip(steps=5).resume(state, Problem(mixture, Separation(), 4000)))
    assert [iterate.step for iterate in rest] == [3, 4, 5]
    assert all(torch.equal(one.estimate, other.estimate) for one, other in zip(rest, whole[3:], strict=True))


def test_the_exclusion_is_the_mean_product_of_each_two_sources():
    magnitudes = torch.tensor([1.0, 2.0, 3.0])[:, None, None, None].expand(3, 1, 4, 5)
    objective = double_dip(n_sources=3, exclusion_weight=0.5)._objective(magnitudes.sum(0, keepdim=True))
    assert float(objective(magnitudes)) == pytest.approx(0.5 * (1 * 2 + 1 * 3 + 2 * 3))  # and no misfit


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"latents": ()}, "networks and latents must be at least one each, got 1 and 0"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"n_sources": 1}, "n_sources must be at least 2, got 1"),
        ({"exclusion_weight": -1.0}, "exclusion_weight must be at least 0, got -1.0"),
        ({"mask_power": 0.0}, "mask_power must be above 0, got 0.0"),
        ({"output_ema": 1.0}, "output_ema must be at least 0 and below 1, got 1.0"),
        ({"target_rms": 0.0}, "target_rms must be above 0, got 0.0"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        double_dip(**settings)


def test_silence():
    with pytest.raises(ValueError, match="the mixture is silent"):
        double_dip().restore(Problem(torch.zeros(1, 2000), Separation(), 4000))
