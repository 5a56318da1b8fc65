"""The structure of Narayanaswamy et al. (2021), and what its dilations and dense connections reach."""

import pytest
import torch
from torch import nn

from dap.config.build import build
from dap.models.dense_dilated_unet import DenseBlock, DenseDilatedUNet
from tests.options import settings

PAPER = [  # in, out, kernel, dilation: the levels down, then (after the bilinear upsampling) the levels up
    *[(2, 35, 3, 1), (37, 35, 3, 2), (72, 35, 1, 1)],
    *[(35, 70, 3, 4), (105, 70, 3, 8), (175, 70, 1, 1)],
    *[(70, 140, 3, 16), (210, 140, 3, 32), (350, 140, 1, 1)],
    *[(140, 70, 3, 1), (245, 70, 3, 32), (315, 70, 3, 16), (385, 70, 1, 1)],
    *[(70, 35, 3, 1), (107, 35, 3, 8), (142, 35, 3, 4), (177, 35, 1, 1)],
    (35, 2, 1, 1),
]


def test_the_papers_layers():
    network = DenseDilatedUNet(2, 2, (512, 9))
    convolutions = {layer for layer in network.modules() if isinstance(layer, nn.Conv2d)}
    found = [(layer.in_channels, layer.out_channels, *layer.kernel_size[:1], *layer.dilation[:1]) for layer in convolutions]
    assert sorted(found) == sorted(PAPER)
    assert all(layer.kernel_size[0] == layer.kernel_size[1] for layer in convolutions)
    expected = sum(n_in * n_out * kernel**2 + n_out for n_in, n_out, kernel, _ in PAPER)  # the norms have none
    assert sum(weight.numel() for weight in network.parameters()) == expected


def test_norms_are_on_the_way_down_only():
    network = DenseDilatedUNet(2, 2, (512, 9))
    norms = [name for name, layer in network.named_modules() if isinstance(layer, nn.InstanceNorm2d)]
    assert len(norms) == 6
    assert all(name.startswith("down.") for name in norms)


def test_a_block_hands_its_input_on():
    x = torch.randn(1, 3, 16, 16)
    y = DenseBlock(3, 5, (1, 2))(x)
    assert torch.equal(y[:, -3:], x)
    assert (y[:, :-3] >= 0).all()


@pytest.mark.parametrize("dilations", [(1, 2), (4, 8)])
def test_a_block_reaches_as_far_as_its_dilations(dilations):
    block = DenseBlock(1, 4, dilations)
    x = torch.zeros(1, 1, 41, 41, requires_grad=True)
    block(x)[0, :, 20, 20].sum().backward()
    reached = x.grad[0, 0].nonzero()
    assert reached.min() >= 20 - sum(dilations)
    assert reached.max() <= 20 + sum(dilations)
    other = [int(distance) for distance in (reached - 20).abs().unique()]
    assert set(other) <= {0, dilations[0], dilations[1], dilations[1] - dilations[0], sum(dilations)}


def test_the_learning_rate_falls_as_in_the_paper():
    assert settings("model=dense_dilated_unet")["method"]["lr_decay"] == [500, 0.1]
    assert settings("model=dense_dilated_unet", "lr_decay=null")["method"]["lr_decay"] is None
    assert settings("model=harmonic")["method"]["lr_decay"] is None


@pytest.mark.parametrize("dilations", [[[1, 1]], [[4, 4]] * 3, [[1, 2]] * 7])
def test_any_depth(dilations):
    make = build(settings("model=dense_dilated_unet", "size.width=2", f"model.dilations={dilations}")["model"], "model")
    assert make(in_channels=2, out_channels=2, size=(33, 17))(torch.randn(1, 2, 33, 17)).shape == (1, 2, 33, 17)


def test_what_it_cannot_be():
    with pytest.raises(ValueError, match="dilations must be an odd number of pairs, each at least 1"):
        DenseDilatedUNet(2, 2, (64, 9), dilations=((1, 2), (2, 1)))
    with pytest.raises(ValueError, match="width must be at least 1, got 2, 2, 0"):
        DenseDilatedUNet(2, 2, (64, 9), width=0)
