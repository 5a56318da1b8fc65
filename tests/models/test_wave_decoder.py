"""Vinyard's decoder: the source's sizes, and what it can put out."""

from functools import partial

import pytest
import torch
from torch import nn

from dap.layers.upsample.transposed import Transposed
from dap.models.latents.vector import VectorLatent
from dap.models.wave_decoder import GatedBranches, WaveDecoder


def test_the_sources_sizes():
    """8192 samples: 100 → 2 × 256, and five stages of four branches with 128 filters, the last with 1."""
    network = WaveDecoder(100, 1, (8192,))
    assert (network.first.in_features, network.first.out_features) == (100, 512)
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv1d)]
    sizes = [(layer.in_channels, layer.out_channels, *layer.kernel_size) for layer in convolutions]
    stages = [(32, 256), (512, 256), (512, 256), (512, 256), (512, 2)]  # twice the filters: value and gate
    assert sizes == [(*stage, length) for stage in stages for length in (4, 8, 16, 32)]
    weights = 101 * 512 + 60 * sum(n_in * n_out for n_in, n_out in stages)
    assert sum(weight.numel() for weight in network.parameters()) == weights


def test_every_parameter_is_normal():
    torch.manual_seed(0)
    network = WaveDecoder(100, 1, (8192,), upsampler=Transposed, filters=16)
    everything = torch.cat([parameter.detach().flatten() for parameter in network.parameters()])
    assert float(everything.std()) == pytest.approx(0.02, rel=0.01)  # 400 000 draws: 0.1 %
    assert float(network.first.bias.detach().std()) == pytest.approx(0.02, rel=0.15)  # 512 draws: 3 %


@pytest.mark.parametrize(
    ("n_samples", "first_length", "n_stages"),
    [(1, 1, 1), (127, 32, 1), (128, 8, 2), (8191, 32, 4), (8192, 8, 5), (8193, 9, 5), (32000, 32, 5), (33075, 9, 6)],
)
def test_as_many_stages_as_the_length_needs(n_samples, first_length, n_stages):
    network = WaveDecoder(5, 2, (n_samples,), filters=1, first_maps=2)
    assert (network.first.out_features, len(network.stages)) == (2 * 2 * first_length, n_stages)
    assert network(torch.rand(1, 5)).shape == (1, 2, n_samples)


def test_the_upsampler_is_told_the_channels_that_it_gets():
    network = WaveDecoder(5, 1, (600,), upsampler=partial(Transposed, overlap=2), filters=3)
    assert [layer.convolution.in_channels for layer in network.upsample] == [32, 12, 12]
    assert network(torch.rand(2, 5)).shape == (2, 1, 600)


def test_a_peak_of_one_is_within_reach():
    """The sum of four branches of tanh · sigmoid: weights large enough bring it above 1, and never beyond 4."""
    torch.manual_seed(0)
    network = WaveDecoder(5, 1, (600,), filters=8, init_std=1.0)
    assert 1 < float(network(torch.rand(1, 5)).detach().abs().max()) <= 4


def test_branches_are_as_long_as_what_they_get_and_centred():
    branches = GatedBranches(1, 1, kernel_sizes=(4, 5))
    x = torch.zeros(1, 1, 21)
    x[..., 10] = 1.0
    reach = [branch.detach().flatten().nonzero().flatten() - 10 for branch in branches(x)[0]]
    assert [(int(places.min()), int(places.max())) for places in reach] == [(-1, 2), (-2, 2)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": (9, 9)}, r"puts out waveforms, of size \(n_samples,\), got \(9, 9\)"),
        ({"filters": 0}, "must be at least 1, got 5, 1, 0, 32"),
        ({"kernel_sizes": ()}, r"one or more kernel_sizes must be at least 1, got .*\[\]"),
        ({"init_std": 0.0}, r"init_std must be above 0, got 0\.0"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        WaveDecoder(5, 1, **{"size": (100,), **settings})


def test_the_latent_is_uniform_and_the_same_for_the_same_seed():
    draws = [VectorLatent(1000, 0.1)((8192,), torch.Generator().manual_seed(3)) for _ in range(2)]
    assert torch.equal(*draws)
    assert draws[0].shape == (1, 1000)
    assert 0 <= float(draws[0].min()) < float(draws[0].max()) < 0.1
    assert float(draws[0].mean()) == pytest.approx(0.05, rel=0.1)


@pytest.mark.parametrize("settings", [{"n_values": 0}, {"scale": 0.0}])
def test_wrong_latent(settings):
    with pytest.raises(ValueError, match="must be"):
        VectorLatent(**settings)
