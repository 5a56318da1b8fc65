"""What every upsampler must satisfy, on every option of configs/upsampler/; and what makes each of them what it is."""

import math

import numpy as np
import pytest
import scipy.fft
import torch
from torch import Tensor, nn

from dap.config.build import build
from dap.layers.upsample.dct import DCT
from dap.layers.upsample.interpolation import Interpolation
from dap.layers.upsample.sinc import Sinc
from dap.layers.upsample.subpixel import Subpixel
from dap.layers.upsample.transposed import Transposed
from tests.options import options, settings

CASES = [((17,), (4,)), ((1,), (2,)), ((8,), (3,)), ((9, 7), (2, 2)), ((5, 8), (1, 3)), ((3, 1), (4, 1))]  # size, factor


@pytest.fixture(params=options("upsampler"))
def upsampler(request):
    return build(settings(f"upsampler={request.param}")["upsampler"], "upsampler")


def is_learned(layer: nn.Module) -> bool:
    """A layer with weights need not keep a constant: what it does is fitted (see the docstrings)."""
    return any(True for _ in layer.parameters())


@pytest.mark.parametrize(("size", "factor"), CASES)
def test_the_size_is_multiplied(upsampler, size, factor):
    out = upsampler(3, factor)(torch.randn(2, 3, *size))
    assert out.shape == (2, 3, *(length * times for length, times in zip(size, factor, strict=True)))


@pytest.mark.parametrize(("size", "factor"), CASES)
def test_a_constant_stays_constant_or_the_weights_are_learned(upsampler, size, factor):
    layer = upsampler(2, factor)
    constant = torch.tensor([0.7, -3.0]).reshape(1, 2, *[1] * len(size)).expand(1, 2, *size)
    out = layer(constant)
    if is_learned(layer):
        out.square().sum().backward()
        assert all(weight.grad.any() for weight in layer.parameters())
    else:
        assert torch.allclose(out, constant.repeat(1, 1, *factor), atol=1e-5)


@pytest.mark.parametrize("factor", [(3,), (2, 2)])
def test_gradcheck(upsampler, factor):
    layer = upsampler(2, factor).double()
    x = torch.randn(1, 2, *(5, 3)[: len(factor)], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, x)


@pytest.mark.parametrize(("size", "factor"), CASES)
def test_items_and_channels_of_a_batch_do_not_mix(upsampler, size, factor):
    layer = upsampler(2, factor)
    x = torch.randn(3, 2, *size)
    out = layer(x)
    assert torch.allclose(layer(x[1:2]), out[1:2], atol=1e-5)
    if not is_learned(layer):  # learned ones mix channels
        assert torch.allclose(layer(x[:, 1:]), out[:, 1:], atol=1e-5)


@pytest.mark.parametrize("factor", [(2,), (2, 2)])
def test_it_is_linear_but_for_a_bias(upsampler, factor):
    layer = upsampler(2, factor)
    x, u = torch.randn(2, 1, 2, *(9, 6)[: len(factor)])
    at_zero = layer(torch.zeros_like(x))
    assert torch.allclose(layer(x + 2 * u), layer(x) + 2 * (layer(u) - at_zero), atol=1e-5)


@pytest.mark.parametrize("factor", [(), (2, 2, 2), (0,), (2, -1)])
def test_wrong_factors(upsampler, factor):
    with pytest.raises(ValueError, match="factor must be one or two whole numbers, at least 1, got"):
        upsampler(1, factor)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Transposed(1, (2,), overlap=0), "overlap must be at least 1, got 0"),
        (lambda: Transposed(1, (2,), init_std=0.0), r"init_std must be above 0, got 0\.0"),
        (lambda: Subpixel(1, (2,), kernel_size=2), "kernel_size must be odd, got 2"),
        (lambda: Sinc(1, (2,), zeros=0), "zeros must be at least 1, got 0"),
        (lambda: Sinc(1, (2,), rolloff=1.5), r"rolloff must be above 0 and at most 1, got 1\.5"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def tone(cycles: float, n_samples: int, factor: int = 1) -> Tensor:
    """A sine of so many cycles a sample of the coarse grid, read at the half-pixel centres of a grid ``factor`` times finer."""
    places = (torch.arange(n_samples * factor, dtype=torch.float64) + 0.5) / factor - 0.5
    return torch.sin(2 * math.pi * cycles * places)[None, None]


def error_db(estimate: Tensor, reference: Tensor, margin: int) -> float:
    """Of the inner part, against the reference's power."""
    inner = slice(margin, -margin)
    error = (estimate - reference)[..., inner].square().mean() / reference[..., inner].square().mean()
    return 10 * math.log10(float(error))


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("cycles", [0.01, 0.1, 0.3, 0.4])  # up to 0.8 of the old Nyquist frequency
def test_sinc_keeps_a_tone_below_the_old_nyquist(factor, cycles):
    """The window's side lobes set the tolerance: −60 dB, images included; `Interpolation` leaves more than −20 dB at 0.3."""
    out = Sinc(1, (factor,)).double()(tone(cycles, 400))
    assert error_db(out, tone(cycles, 400, factor), margin=25 * factor) < -60
    if cycles == 0.3:
        assert error_db(Interpolation(1, (factor,))(tone(cycles, 400)), tone(cycles, 400, factor), margin=25) > -20


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_dct_agrees_with_scipy(factor):
    x = np.random.default_rng(0).standard_normal((2, 3, 37))
    coefficients = np.pad(scipy.fft.dct(x, norm="ortho"), ((0, 0), (0, 0), (0, 37 * (factor - 1))))
    theirs = math.sqrt(factor) * scipy.fft.idct(coefficients, norm="ortho")
    assert np.allclose(DCT(3, (factor,))(torch.from_numpy(x)).numpy(), theirs, atol=1e-12)


def test_dct_gives_back_what_an_odd_factor_leaves_in_place():
    x = torch.randn(1, 2, 21, dtype=torch.float64)
    assert torch.allclose(DCT(2, (3,))(x)[..., 1::3], x, atol=1e-12)


def test_dct_is_linear_interpolation_along_frequency():
    x = torch.randn(1, 2, 9, 6)
    assert torch.allclose(DCT(2, (2, 1))(x), Interpolation(2, (2, 1))(x), atol=1e-6)


@pytest.mark.parametrize("factor", [(4,), (2, 3)])
def test_transposed_without_overlap_makes_a_block_of_each_value(factor):
    x = torch.zeros(1, 2, *(5, 5)[: len(factor)])
    x[(0, 0, *[2] * len(factor))] = 1.0
    touched = Transposed(2, factor, bias=False)(x)[0].abs().sum(0).nonzero()
    assert touched.min(0).values.tolist() == [2 * times for times in factor]
    assert touched.max(0).values.tolist() == [3 * times - 1 for times in factor]


def test_transposed_as_in_a_dcgan():
    layer = Transposed(3, (2, 2), overlap=2).convolution
    assert (layer.kernel_size, layer.stride, layer.padding, layer.output_padding) == ((4, 4), (2, 2), (1, 1), (0, 0))


def test_transposed_parameters_have_the_standard_deviation_asked_for():
    torch.manual_seed(0)
    layer = Transposed(64, (4,), init_std=0.02).convolution
    assert float(layer.weight.detach().std()) == pytest.approx(0.02, rel=0.03)  # 16 384 draws: 0.6 % of error
    assert float(layer.bias.detach().std()) == pytest.approx(0.02, rel=0.3)  # 64 draws: 9 %


@pytest.mark.parametrize(("size", "factor"), CASES)
@pytest.mark.parametrize("kernel_size", [1, 3])
def test_subpixel_starts_as_a_convolution_and_repetition(size, factor, kernel_size):
    layer = Subpixel(3, factor, kernel_size)
    x = torch.randn(1, 3, *size)
    one_of_each = layer.convolution(x)[:, :: math.prod(factor)]
    assert torch.allclose(layer(x), Interpolation(3, factor, "nearest")(one_of_each), atol=1e-6)


def test_subpixel_weaves_as_torchs_shuffle():
    layer = Subpixel(3, (2, 2))
    nn.init.normal_(layer.convolution.weight)
    x = torch.randn(2, 3, 5, 7)
    assert torch.allclose(layer(x), nn.functional.pixel_shuffle(layer.convolution(x), 2))


def test_subpixel_keeps_the_level():
    torch.manual_seed(0)
    assert float(Subpixel(256, (2,), 3)(torch.randn(1, 256, 400)).detach().std()) == pytest.approx(1.0, rel=0.03)
