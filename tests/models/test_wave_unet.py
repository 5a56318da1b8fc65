"""The Wave-U-Net, against DNP's settings."""

import pytest
import torch
from torch import nn

from dap.layers.upsample.interpolation import Interpolation
from dap.models.wave_unet import WaveUNet
from tests.options import composed, settings


def test_the_sources_layers():
    """Six levels of 60 · i channels, 15 taps down and 5 up; the output sees the first level and the latent."""
    network = WaveUNet(1, 1, (1024,))
    layers = [
        (module.in_channels, module.out_channels, module.kernel_size[0])
        for module in network.modules()
        if isinstance(module, nn.Conv1d)
    ]
    down = [(1, 60, 15), (60, 120, 15), (120, 180, 15), (180, 240, 15), (240, 300, 15), (300, 360, 15)]
    up = [(720, 360, 5), (660, 300, 5), (540, 240, 5), (420, 180, 5), (300, 120, 5), (180, 60, 5)]
    assert layers == [*down, (360, 360, 15), *up, (61, 1, 1)]
    assert {module.negative_slope for module in network.modules() if isinstance(module, nn.LeakyReLU)} == {0.1}


@pytest.mark.parametrize(("n_in", "width", "n_levels"), [(1, 60, 6), (2, 4, 3)])
def test_the_number_of_parameters(n_in, width, n_levels):
    """The source's, less the biases before a norm; each norm has two a channel."""
    widths = [width * level for level in range(1, n_levels + 1)]
    down = sum(15 * before * n + 2 * n for before, n in zip([n_in, *widths[:-1]], widths, strict=True))
    bottom = 15 * widths[-1] ** 2 + 2 * widths[-1]
    up = sum(5 * (below + n) * n + 2 * n for below, n in zip([*widths[1:], widths[-1]], widths, strict=True))
    network = WaveUNet(n_in, 2, (1024,), width=width, n_levels=n_levels)
    assert sum(weight.numel() for weight in network.parameters()) == down + bottom + up + 2 * (width + n_in) + 2


@pytest.mark.parametrize("n_samples", [1, 2, 63, 64, 65, 1023, 4096])
def test_any_length(n_samples):
    assert WaveUNet(1, 2, (n_samples,), width=2)(torch.rand(1, 1, n_samples)).shape == (1, 2, n_samples)


def test_the_output_is_within_full_scale():
    network = WaveUNet(1, 1, (4096,), width=4)
    nn.init.constant_(network.output.weight, 100.0)
    output = network(torch.randn(1, 1, 4096))
    assert output.abs().max() <= 1
    assert output.abs().max() > 0.99


@pytest.mark.parametrize("size", ["quick", "paper"])
def test_the_level_of_the_clip_is_kept_for_the_tanh(size):
    assert settings("model=wave_unet", f"size={size}")["method"]["target_rms"] is None
    assert composed("model=wave_unet", "size.target_rms=0.2").method.target_rms == 0.2  # and can still be given
    assert settings("model=harmonic", f"size={size}")["method"]["target_rms"] > 0


def test_the_upsampler_is_asked_for_each_level():
    asked = []

    def upsampler(channels: int, factor: tuple[int, ...]) -> nn.Module:
        asked.append((channels, factor))
        return Interpolation(channels, factor)

    WaveUNet(1, 1, (64,), upsampler=upsampler, width=3, n_levels=3)
    assert asked == [(9, (2,)), (9, (2,)), (6, (2,))]


def test_wrong_settings():
    with pytest.raises(ValueError, match="n_levels must be at least 1, got 1, 1, 4, 0"):
        WaveUNet(1, 1, (64,), width=4, n_levels=0)
