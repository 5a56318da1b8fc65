"""The skip network, against the deep image prior's settings."""

import pytest
import torch
from torch import nn

from dap.layers.upsample.interpolation import Interpolation
from dap.models.skip_unet import SkipUNet
from tests.options import settings


def test_the_sources_layers():
    """Five scales × 128, skip 4; each scale: 1 × 1 skip, 3 × 3 stride 2, 3 × 3 | 3 × 3, 1 × 1; then 1 × 1 out."""
    network = SkipUNet(32, 2, (64, 64))
    skips, downs, ups = (
        [m for m in part.modules() if isinstance(m, nn.Conv2d)] for part in (network.skip, network.down, network.up)
    )
    assert [(m.in_channels, m.out_channels, m.kernel_size) for m in skips] == [(32, 4, (1, 1))] + [(128, 4, (1, 1))] * 4
    assert [(m.in_channels, m.stride) for m in downs] == [(32, (2, 2))] + [(128, (1, 1)), (128, (2, 2))] * 4 + [(128, (1, 1))]
    assert [(m.in_channels, m.kernel_size) for m in ups] == [(132, (3, 3)), (128, (1, 1))] * 5
    assert {m.out_channels for m in downs + ups} == {128}
    assert {m.kernel_size for m in downs} == {(3, 3)}
    assert {m.padding_mode for m in downs + ups if m.kernel_size == (3, 3)} == {"reflect"}
    assert {m.negative_slope for m in network.modules() if isinstance(m, nn.LeakyReLU)} == {0.2}


@pytest.mark.parametrize(("n_in", "width", "skip", "n_scales"), [(32, 32, 4, 5), (3, 2, 2, 3)])
def test_the_number_of_parameters(n_in, width, skip, n_scales):
    """The source's, less the biases before a norm; each norm has two a channel."""
    channels = 4 * width
    inputs = [n_in] + [channels] * (n_scales - 1)
    expected = channels * 2 + 2  # the output
    for n in inputs:
        expected += n * skip + 2 * skip  # the skip
        expected += 9 * n * channels + 9 * channels**2 + 4 * channels  # down
        expected += 2 * (skip + channels) + 9 * (skip + channels) * channels + channels**2 + 4 * channels  # up
    network = SkipUNet(n_in, 2, (64, 64), width=width, skip_channels=skip, n_scales=n_scales)
    assert sum(weight.numel() for weight in network.parameters()) == expected


@pytest.mark.parametrize("size", [(512, 9), (33, 65), (7, 1), (64, 128)])
def test_any_size(size):
    assert SkipUNet(3, 2, size, width=1)(torch.rand(1, 3, *size)).shape == (1, 2, *size)


def test_the_upsampler_is_asked_for_each_scale():
    asked = []

    def upsampler(channels: int, factor: tuple[int, ...]) -> nn.Module:
        asked.append((channels, factor))
        return Interpolation(channels, factor)

    SkipUNet(3, 2, (64, 64), upsampler=upsampler, width=6, n_scales=3)
    assert asked == [(24, (2, 2))] * 3


def test_the_latent_is_the_sources():
    latent = settings("model=skip_unet")["latent"]
    assert (latent["channels"], latent["distribution"], latent["scale"]) == (32, "uniform", 0.1)


def test_wrong_settings():
    with pytest.raises(ValueError, match="n_scales must be at least 1, got 3, 2, 4, 4, 0"):
        SkipUNet(3, 2, (64, 64), width=4, n_scales=0)
