"""The structure of DPAI's network (Miotello et al., 2023): blocks, anchors, scales."""

from fractions import Fraction

import pytest
import torch
from torch import nn

from dap.layers.anchored_harmonic import AnchoredHarmonicConv2d
from dap.models.multires_harmonic import MultiResBlock, MultiResHarmonic
from tests.options import settings


def n_in_block(n_in: int, width: int) -> int:
    """Nine weights a pair of channels along the chain, one in the shortcut, and the norms' two an output channel."""
    a, b, c = width // 6, width // 3, width // 2
    return 9 * (n_in * a + a * b + b * c) + n_in * (a + b + c) + 4 * (a + b + c)


@pytest.mark.parametrize(("width", "out"), [(128, 127), (24, 24), (30, 30)])
def test_the_number_of_parameters(width, out):
    strided = 9 * out * out + out
    skip = 9 * out * width + out * width + 6 * width
    expected = n_in_block(2, width) + 4 * n_in_block(out, width) + 4 * (strided + skip)
    expected += 4 * n_in_block(out + width, width) + 2 * out + 2
    network = MultiResHarmonic(2, 2, (512, 9), width=width)
    assert sum(weight.numel() for weight in network.parameters()) == expected


def harmonics(module: nn.Module) -> list[AnchoredHarmonicConv2d]:
    return [layer for layer in module.modules() if isinstance(layer, AnchoredHarmonicConv2d)]


def test_the_papers_convolutions():
    """128 a scale, of which the chain takes 21, 42 and 64; anchors 2, 3, 4 down, 2 in the skips, 1 in the strides."""
    network = MultiResHarmonic(2, 2, (512, 9))
    assert len(network.down) == 5
    for scale, block in enumerate(network.down):
        widths = [(layer.weight.shape[2] // 3, layer.weight.shape[1]) for layer in harmonics(block)]
        assert widths == [(127 if scale else 2, 21), (21, 42), (42, 64)]
        series = [[Fraction(k, anchor) for k in (1, 2, 3)] for anchor in (2, 3, 4)]
        assert [list(layer.ratios) for layer in harmonics(block)] == series
    assert [list(layer.ratios) for layer in harmonics(network.skip)] == [[Fraction(k, 2) for k in (1, 2, 3)]] * 4
    assert [layer.stride for layer in harmonics(network.stride)] == [2] * 4
    assert [list(layer.ratios) for layer in harmonics(network.stride)] == [[Fraction(2 * k) for k in (1, 2, 3)]] * 4
    assert harmonics(network.up) == []
    plain = [layer for layer in network.up.modules() if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3)]
    assert [(layer.in_channels, layer.out_channels) for layer in plain] == [(255, 21), (21, 42), (42, 64)] * 4


def test_a_block_keeps_the_outputs_of_all_three():
    """The last third of the channels alone depends on the last convolution."""
    torch.manual_seed(0)
    block = MultiResBlock(3, 12, [lambda n_in, n_out: nn.Conv2d(n_in, n_out, 3, padding=1)] * 3, 1e-5)
    x = torch.randn(1, 3, 8, 8)
    before = block(x)
    nn.init.zeros_(block.chain[2][0].weight)
    after = block(x)
    assert torch.equal(before[:, :6], after[:, :6])
    assert not torch.equal(before[:, 6:], after[:, 6:])


@pytest.mark.parametrize("n_scales", [1, 2, 4])
@pytest.mark.parametrize("size", [(512, 9), (33, 21), (7, 3)])
def test_any_size_at_any_number_of_scales(n_scales, size):
    network = MultiResHarmonic(3, 2, size, width=6, n_scales=n_scales)
    if n_scales == 4 and size == (7, 3):  # one bin of one frame is left, of which nothing can be normalised
        with pytest.raises(ValueError, match="more than 1 value per channel"):
            network(torch.randn(1, 3, *size))
    else:
        assert network(torch.randn(1, 3, *size)).shape == (1, 2, *size)


def test_the_latent_is_perturbed_unless_it_is_told_not_to():
    assert settings("model=multires_harmonic")["method"]["input_noise_std"] == 0.03
    assert settings("model=multires_harmonic", "input_noise_std=0")["method"]["input_noise_std"] == 0
    assert settings("model=harmonic")["method"]["input_noise_std"] == 0


def test_what_it_cannot_be():
    with pytest.raises(ValueError, match=r"anchors must be at least 1, got 2, 2, 12, 5, \[2, 0, 4\]"):
        MultiResHarmonic(2, 2, (64, 9), width=12, anchors=(2, 0, 4))
