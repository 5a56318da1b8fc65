"""Which precision a network computes in, and where."""

import copy

import pytest
import torch
from torch import nn
import torch.nn.functional as F

from dap.layers import precision
from dap.layers.harmonic import HarmonicConv2d
from dap.layers.precision import check_precision, compute, map_layout, multiplies_bfloat16

CPU = torch.device("cpu")


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        HarmonicConv2d(2, 8, init_std=0.2), nn.InstanceNorm2d(8), nn.LeakyReLU(), nn.Conv2d(8, 1, 3, padding=1)
    )


@pytest.fixture
def cpu(monkeypatch):
    """Makes the CPU one that has AVX-512 BF16, and AMX, or not."""

    def make(bf16: bool, amx: bool, limit: str = "") -> None:
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: bf16)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
        monkeypatch.setattr(precision.platform, "machine", lambda: "x86_64")
        monkeypatch.delenv("DNNL_MAX_CPU_ISA", raising=False)
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)

    return make


def test_bfloat16_is_in_the_convolutions_and_nowhere_else(generator):
    """What a convolution gets is rounded to 8 bits; input, weights, gradients and output are float32."""
    layer = nn.Conv1d(3, 4, 5)
    x = torch.randn(1, 3, 40, generator=generator)
    rounded = [tensor.detach().bfloat16().float() for tensor in (x, layer.weight, layer.bias)]
    expected = F.conv1d(*rounded)
    output = compute(layer, "bfloat16", x)
    assert output.dtype == torch.float32
    assert torch.allclose(output, expected, atol=2**-8 * float(expected.detach().abs().max()))
    output.square().sum().backward()
    assert layer.weight.grad.dtype == layer.weight.dtype == torch.float32
    assert not torch.is_autocast_enabled("cpu")  # outside the network nothing is changed


def test_a_harmonic_network_computes_in_it(generator):
    x = torch.randn(1, 2, 33, 20, generator=generator)
    exact, coarse = compute(network(), "float32", x), compute(network(), "bfloat16", x)
    error = float(((coarse - exact).norm() / exact.norm()).detach())
    assert 1e-4 < error < 0.03


def test_a_copy_of_a_network_computes_with_the_weights_of_the_copy(generator):
    x = torch.randn(1, 2, 33, 20, generator=generator)
    original = network()
    before = compute(original, "bfloat16", x)
    other = copy.deepcopy(original)
    with torch.no_grad():
        for weight in other.parameters():
            weight.zero_()
    assert compute(other, "bfloat16", x).abs().max() == 0
    assert torch.equal(compute(original, "bfloat16", x), before)


@pytest.mark.parametrize("name", ["float32", "tf32"])
def test_the_others_compute_as_the_network_does(name, generator):
    x = torch.randn(1, 2, 33, 20, generator=generator)
    assert torch.equal(compute(network(), name, x), network()(x))


def test_an_unknown_one_is_refused(generator):
    with pytest.raises(ValueError, match="one of float32, tf32, bfloat16, got 'half'"):
        compute(network(), "half", torch.zeros(1, 2, 33, 20))
    with pytest.raises(ValueError, match="one of float32, tf32, bfloat16, got 'half'"):
        check_precision("half", "cpu")


@pytest.mark.parametrize(
    ("bf16", "amx", "limit", "allowed", "layout"),
    [
        (True, True, "", True, torch.channels_last),
        (True, True, "all", True, torch.channels_last),
        (True, True, "AVX512_CORE_AMX", True, torch.channels_last),
        (True, True, "AVX512_CORE_BF16", True, torch.contiguous_format),
        (True, True, "avx2", False, torch.contiguous_format),
        (True, False, "", True, torch.contiguous_format),
        (False, False, "", False, torch.contiguous_format),
    ],
)
def test_what_the_cpu_has_decides(cpu, bf16, amx, limit, allowed, layout):
    cpu(bf16, amx, limit)
    assert multiplies_bfloat16("cpu") == allowed
    assert map_layout(CPU, bfloat16=True) == layout
    assert map_layout(CPU, bfloat16=False) == torch.channels_last  # nothing is wrong with float32
    assert map_layout(torch.device("cuda"), bfloat16=True) == torch.channels_last
    check_precision("bfloat16", "cuda")
    if allowed:
        check_precision("bfloat16", "cpu")


def test_a_cpu_without_it_is_told_what_is_missing(cpu):
    cpu(bf16=False, amx=False)
    with pytest.raises(ValueError, match=r"^precision: bfloat16 needs .* and this one has neither; take float32$"):
        check_precision("bfloat16", "cpu")
    cpu(bf16=True, amx=True, limit="avx2")
    with pytest.raises(ValueError, match="ONEDNN_MAX_CPU_ISA=AVX2 turns it off; take float32"):
        check_precision("bfloat16", "cpu")
