"""The regular operators, and the instance norm."""

import pytest
import torch

from dap.layers.convolution import Conv2d
from dap.layers.instance_norm import InstanceNorm2d


@pytest.mark.parametrize("dilation", [(1, 1), (3, 3), (1, 3), (3, 1)])
def test_same_size_and_a_local_support(dilation):
    layer = Conv2d(1, 1, kernel_size=7, dilation=dilation)
    x = torch.zeros(1, 1, 41, 41)
    x[..., 20, 20] = 1.0
    y = layer(x)
    assert y.shape == x.shape
    for axis, step in enumerate(dilation):
        reached = y[0, 0].abs().sum(1 - axis).nonzero().flatten() - 20
        assert reached.tolist() == [tap * step for tap in range(-3, 4)]


def test_weights_have_the_standard_deviation_asked_for():
    torch.manual_seed(0)
    layer = Conv2d(32, 32, init_std=0.05)
    assert float(layer.weight.detach().std()) == pytest.approx(0.05, rel=0.02)  # 50 000 draws: 0.3 % of error
    assert not layer.bias.detach().any()


@pytest.mark.parametrize("settings", [{"kernel_size": 4}, {"dilation": (1, 0)}, {"init_std": 0.0}])
def test_wrong_settings(settings):
    with pytest.raises(ValueError, match="must be"):
        Conv2d(1, 1, **settings)


@pytest.mark.parametrize("n_items", [1, 3])
def test_instance_norm_is_torchs(n_items):
    x = torch.randn(n_items, 4, 9, 11).contiguous(memory_format=torch.channels_last)
    ours, torchs = InstanceNorm2d(4, affine=True), torch.nn.InstanceNorm2d(4, affine=True)
    with torch.no_grad():
        for layer in (ours, torchs):
            layer.weight.copy_(torch.arange(4.0))
            layer.bias.copy_(torch.arange(4.0))
    assert torch.allclose(ours(x), torchs(x), atol=1e-5)
    if n_items == 1:
        assert ours(x).is_contiguous(memory_format=torch.channels_last)


def test_a_kernel_of_one_bin_sees_along_time_alone():
    layer = Conv2d(1, 1, kernel_size=(1, 5), dilation=(2, 2))
    x = torch.zeros(1, 1, 9, 21)
    x[..., 4, 10] = 1
    seen = layer(x) - layer(torch.zeros_like(x))
    assert seen.shape == x.shape
    assert seen[0, 0].nonzero().tolist() == [[4, frame] for frame in (6, 8, 10, 12, 14)]


@pytest.mark.parametrize("size", [4, (1, 4), (0, 3)])
def test_even_kernels_have_no_middle(size):
    with pytest.raises(ValueError, match="kernel_size must be odd"):
        Conv2d(1, 1, kernel_size=size)
