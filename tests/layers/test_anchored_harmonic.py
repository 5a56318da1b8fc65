"""The one-anchor harmonic convolution against loops, against conv2d, and as an operator."""

import pytest
import torch
from torch import Tensor
import torch.nn.functional as F

from dap.layers.anchored_harmonic import AnchoredHarmonicConv2d


def reference(x: Tensor, layer: AnchoredHarmonicConv2d, anchor: int, stride: int) -> Tensor:
    """The formula as it is written: loops over bins, frames, harmonics and taps; zero outside, linear between bins."""
    n_harmonics, n_out, _ = layer.weight.shape
    n_freq, n_frames = x.shape[-2:]
    y = x.new_zeros(len(x), n_out, -(-n_freq // stride), -(-n_frames // stride))
    kernel = layer.weight.unflatten(2, (layer.n_taps, x.shape[1]))  # (K, C_out, taps, C_in)
    for f in range(y.shape[2]):
        for k in range(1, n_harmonics + 1):
            lower, part = divmod(k * stride * f, anchor)
            if lower + (part > 0) >= n_freq:
                continue
            read = x[:, :, lower] + part / anchor * (x[:, :, min(lower + 1, n_freq - 1)] - x[:, :, lower])  # (B, C_in, T)
            for t in range(y.shape[3]):
                for tap in range(layer.n_taps):
                    source = stride * t + tap - layer.n_taps // 2
                    if 0 <= source < n_frames:
                        y[:, :, f, t] += read[:, :, source] @ kernel[k - 1, :, tap].T
    return y if layer.bias is None else y + layer.bias


@pytest.mark.parametrize("anchor", [1, 2, 3, 4])
@pytest.mark.parametrize(("stride", "kernel_size"), [(1, (3, 3)), (2, (3, 3)), (3, (2, 5))])
def test_the_formula(anchor, stride, kernel_size):
    torch.manual_seed(0)
    layer = AnchoredHarmonicConv2d(2, 3, kernel_size, anchor, stride).double()
    for size in ((13, 7), (16, 8), (1, 1)):
        x = torch.randn(2, 2, *size, dtype=torch.float64)
        assert torch.allclose(layer(x), reference(x, layer, anchor, stride), atol=1e-12)


def test_one_harmonic_of_anchor_one_is_a_convolution_along_time():
    layer = AnchoredHarmonicConv2d(2, 3, (1, 3), stride=2)
    x = torch.randn(1, 2, 8, 9)
    kernel = layer.weight[0].unflatten(1, (3, 2)).permute(0, 2, 1)[:, :, None]  # (C_out, C_in, 1, taps)
    expected = F.conv2d(x, kernel, layer.bias.flatten(), stride=2, padding=(0, 1))
    assert torch.allclose(layer(x), expected, atol=1e-6)


@pytest.mark.parametrize(("anchor", "sources"), [(1, [4, 8, 12]), (2, [2, 4, 6]), (4, [1, 2, 3])])
def test_an_output_bin_listens_to_its_series(anchor, sources):
    """Bin 4 as the n-th harmonic: of the fundamental 4/n, and its multiples."""
    x = torch.zeros(1, 1, 16, 3, requires_grad=True)
    AnchoredHarmonicConv2d(1, 1, anchor=anchor)(x)[0, 0, 4, 1].backward()
    assert x.grad[0, 0, :, 1].nonzero().flatten().tolist() == sources


@pytest.mark.parametrize(("anchor", "stride"), [(1, 2), (3, 1), (4, 2)])
def test_gradients(anchor, stride):
    layer = AnchoredHarmonicConv2d(2, 2, anchor=anchor, stride=stride).double()
    x = torch.randn(1, 2, 7, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, *_: layer(x), (x, layer.weight, layer.bias))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kernel_size": (3, 2)}, "kernel_size must have an odd number of frames, got 2"),
        ({"anchor": 0}, r"stride must be at least 1, got 1, 1, \(3, 3\), 0, 1"),
    ],
)
def test_what_it_cannot_be(wrong, message):
    with pytest.raises(ValueError, match=message):
        AnchoredHarmonicConv2d(1, 1, **wrong)
