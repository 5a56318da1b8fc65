"""Which precision a network computes in."""

import pytest
import torch
from torch import nn
import torch.nn.functional as F

from dap.layers.harmonic import HarmonicConv2d
from dap.layers.precision import at_precision


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        HarmonicConv2d(2, 8, init_std=0.2), nn.InstanceNorm2d(8), nn.LeakyReLU(), nn.Conv2d(8, 1, 3, padding=1)
    )


def test_bfloat16_is_in_the_convolutions_and_nowhere_else(generator):
    """What a convolution gets is rounded to 8 bits; input, weights, gradients and output are float32."""
    layer = nn.Conv1d(3, 4, 5)
    x = torch.randn(1, 3, 40, generator=generator)
    rounded = [tensor.detach().bfloat16().float() for tensor in (x, layer.weight, layer.bias)]
    expected = F.conv1d(*rounded)
    output = at_precision(layer, "bfloat16")(x)
    assert output.dtype == torch.float32
    assert torch.allclose(output, expected, atol=2**-8 * float(expected.detach().abs().max()))
    output.square().sum().backward()
    assert layer.weight.grad.dtype == layer.weight.dtype == torch.float32
    assert not torch.is_autocast_enabled("cpu")  # outside the network nothing is changed


def test_a_harmonic_network_computes_in_it(generator):
    x = torch.randn(1, 2, 33, 20, generator=generator)
    exact, coarse = network()(x), at_precision(network(), "bfloat16")(x)
    error = float(((coarse - exact).norm() / exact.norm()).detach())
    assert 1e-4 < error < 0.03


def test_names_of_weights_stay():
    assert at_precision(network(), "bfloat16").state_dict().keys() == network().state_dict().keys()


@pytest.mark.parametrize("precision", ["float32", "tf32"])
def test_the_others_leave_the_network_alone(precision, generator):
    x = torch.randn(1, 2, 33, 20, generator=generator)
    assert torch.equal(at_precision(network(), precision)(x), network()(x))


def test_an_unknown_one_is_refused():
    with pytest.raises(ValueError, match="one of float32, tf32, bfloat16, got 'half'"):
        at_precision(network(), "half")
