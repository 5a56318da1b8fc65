"""Harmonic convolution against a slow and obvious reference, and as an operator."""

from fractions import Fraction
import math

import pytest
import torch
from torch import Tensor
import torch.nn.functional as F

from dap.layers.harmonic import HarmonicConv2d
import dap.layers.harmonic_mix
from dap.layers.harmonic_mix import harmonic_mix, harmonic_ratios

VARIANTS = {
    "eq5": {},
    "per_anchor": {"shared": False},
    "no_anchoring": {"anchoring": False},
    "no_mixing": {"mixing": False},
    "pooled_grid": {"bin_offset": 0.25},
    "other_sizes": {"kernel_size": (4, 3), "n_anchors": 5},
    "dilated": {"dilation": 3},
    "one_tap": {"kernel_size": (1, 1), "n_anchors": 1},
}


def read(x: Tensor, n: int, k: int, frequency: int, bin_offset: float) -> Tensor:
    """X at k/n of a bin: linear interpolation, DC at 0, zero past the last bin."""
    if bin_offset:
        position = max(0.0, k / n * (frequency + bin_offset) - bin_offset)
        lower, fraction = math.floor(position), position - math.floor(position)
    else:
        exact = Fraction(k * frequency, n)
        lower, fraction = math.floor(exact), float(exact - math.floor(exact))
    last = x.shape[2] - 1
    if lower + (fraction > 0) > last:
        return torch.zeros_like(x[:, :, 0])
    return x[:, :, lower] if fraction == 0 else (1 - fraction) * x[:, :, lower] + fraction * x[:, :, lower + 1]


def reference(x: Tensor, layer: HarmonicConv2d) -> Tensor:
    """Eq. 5 of Zhang et al. (ICLR 2020) as it is written: loops over n, k and the bins."""
    kernels = layer.frequency_weight  # (1 or N, K, C_out, C_in)
    y = []
    for frequency in range(x.shape[2]):
        total = x.new_zeros(x.shape[0], kernels.shape[2], x.shape[3])
        for n in range(1, layer.n_anchors + 1):
            for k in range(1, kernels.shape[1] + 1):
                kernel = kernels[min(n, len(kernels)) - 1, k - 1]
                if layer.anchor_weight is not None:
                    kernel = layer.anchor_weight[n - 1] * kernel
                elif not layer.mixing:
                    listens = [channel % layer.n_anchors == n - 1 for channel in range(len(kernel))]
                    kernel = torch.tensor(listens).to(kernel)[:, None] * kernel
                total = total + torch.einsum("oc,bct->bot", kernel, read(x, n, k, frequency, layer.bin_offset))
        y.append(total)
    mixed = torch.stack(y, dim=2)
    step, reach = layer.dilation, layer.time_weight.shape[-1] // 2
    padded = F.pad(mixed, (step * reach, step * reach))
    taps = [padded[..., step * tap : step * tap + x.shape[3]] for tap in range(2 * reach + 1)]
    summed = sum(torch.einsum("oc,bcft->boft", layer.time_weight[:, :, 0, tap], part) for tap, part in enumerate(taps))
    return summed + layer.bias[:, None, None]


def relative_error(value: Tensor, expected: Tensor) -> float:
    return float((value - expected).detach().norm() / expected.detach().norm())


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("chunk_frames", [4, 256])
def test_agrees_with_the_slow_reference(settings, chunk_frames, monkeypatch):
    monkeypatch.setitem(dap.layers.harmonic_mix._CHUNK_FRAMES, "cpu", chunk_frames)
    torch.manual_seed(0)
    layer = HarmonicConv2d(2, 7, init_std=1.0, **settings)
    x = torch.randn(2, 2, 33, 9, requires_grad=True)
    weights = [x, *layer.parameters()]
    y, expected = layer(x), reference(x, layer)
    upstream = torch.randn_like(y)
    assert relative_error(y, expected) < 1e-5
    gradients = torch.autograd.grad(y, weights, upstream)
    for gradient, wanted in zip(gradients, torch.autograd.grad(expected, weights, upstream), strict=True):
        assert relative_error(gradient, wanted) < 1e-5


@pytest.mark.parametrize("bin_offset", [0.0, 0.25])
@pytest.mark.parametrize("max_elements", [1, 2**20])
def test_gradcheck(bin_offset, max_elements, monkeypatch):
    monkeypatch.setitem(dap.layers.harmonic_mix._BLOCK_ELEMENTS, "cpu", max_elements)  # one row a block, and all in one
    ratios = harmonic_ratios(5, 4)
    x = torch.randn(2, 2, 11, 2, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(len(ratios), 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, weight: harmonic_mix(x, weight, ratios, bin_offset), (x, weight))


def test_a_harmonic_series_meets_at_its_fundamental():
    x = torch.zeros(1, 1, 64, 1)
    x[:, :, [5, 10, 15, 20]] = 1.0
    ratios = harmonic_ratios(4, 1)
    y = harmonic_mix(x, torch.ones(4, 1, 1), ratios).flatten()
    assert int(y.argmax()) == 5
    assert float(y[5]) == 4.0


def test_the_last_bin_counts_and_nothing_lies_past_it():
    x = torch.ones(1, 1, 9, 1)  # bins 0 … 8
    y = harmonic_mix(x, torch.ones(1, 1, 1), (Fraction(2),)).flatten()
    assert y.tolist() == [1.0] * 5 + [0.0] * 4  # 2 · 4 = 8 is the last bin


def test_dc_is_bin_zero():
    x = torch.zeros(1, 1, 9, 1)
    x[:, :, 0] = 1.0
    y = harmonic_mix(x, torch.ones(2, 1, 1), (Fraction(1, 2), Fraction(2))).flatten()
    assert y.tolist() == [2.0, 0.5] + [0.0] * 7  # bin 1 reads ½, half-way between DC and bin 1


def test_batch_items_do_not_mix():
    layer = HarmonicConv2d(2, 3, init_std=1.0)
    x = torch.randn(3, 2, 20, 11)
    one_by_one = torch.cat([layer(item[None]) for item in x])
    assert torch.allclose(layer(x), one_by_one, atol=1e-4)  # values are of the order of 100


def test_shifting_in_time_shifts_the_output():
    layer = HarmonicConv2d(1, 2, init_std=1.0)
    x = torch.zeros(1, 1, 20, 40)
    x[..., 10:20] = torch.randn(20, 10)
    assert torch.allclose(layer(x.roll(5, -1)), layer(x).roll(5, -1), atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kernel_size": (7, 4)}, "odd number of frames, got 4"),
        ({"n_anchors": 0}, "at least 1, got"),
        ({"dilation": 0}, "at least 1, got"),
        ({"init_std": -1.0}, "init_std must be above 0, got -1"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        HarmonicConv2d(2, 3, **settings)


def test_wrong_shapes():
    with pytest.raises(ValueError, match="expected x"):
        harmonic_mix(torch.zeros(1, 2, 8, 3), torch.zeros(1, 3, 5), (Fraction(1),))
