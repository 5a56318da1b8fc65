"""In which precision a network computes: float32, or in part bfloat16, where the hardware multiplies it."""

import os
import platform

import torch
from torch import Tensor, nn

PRECISIONS = ("float32", "tf32", "bfloat16")
# Limits set to oneDNN, which multiplies for torch on a CPU, under which it has no bfloat16; any other leaves it AVX-512 BF16.
_WITHOUT_BFLOAT16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI")
_UNLIMITED = ("", "ALL", "DEFAULT")


def compute(network: nn.Module, precision: str, *inputs: Tensor) -> Tensor:
    """What the network makes of the inputs, its convolutions and products computed in this precision.

    With "bfloat16" as torch's autocast has it: weights, norms, losses and updates stay in float32, and so does what the
    network puts out. "tf32" is set for the whole process (`dap.running.parts.choose_device`), and changes nothing here.

    Args:
        network: from tensors to a tensor; its weights are in the layout of `map_layout`, or contiguous.
        precision: one of `PRECISIONS`.
        inputs: of the network; maps, (batch, channel, freq, frame), are brought into that layout for "bfloat16".

    Raises:
        ValueError: another precision.

    Reference: Micikevicius et al., "Mixed Precision Training", ICLR 2018.

    >>> layer = nn.Linear(64, 1, bias=False)
    >>> x = torch.randn(1, 64, generator=torch.Generator().manual_seed(0))
    >>> exact, coarse = compute(layer, "float32", x), compute(layer, "bfloat16", x)
    >>> coarse.dtype, torch.equal(exact, coarse), torch.allclose(exact, coarse, atol=0.02)
    (torch.float32, False, True)
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if precision != "bfloat16":
        output: Tensor = network(*inputs)
        return output
    device = inputs[0].device
    layout = map_layout(device, bfloat16=True)
    with torch.autocast(device.type, torch.bfloat16):
        output = network(*(maps.contiguous(memory_format=layout) if maps.ndim == 4 else maps for maps in inputs))
    return output.to(inputs[0].dtype)


def map_layout(device: torch.device, bfloat16: bool) -> torch.memory_format:
    """The memory layout in which convolutions over (batch, channel, freq, frame) are fastest and right.

    That is channels last, with one exception: bfloat16 on a CPU without AMX, where oneDNN's kernel for the weights' gradient of
    a dilated convolution (jit_bf16:avx512_core_bf16, oneDNN 3.12) writes out of bounds. The contiguous layout never uses it.
    """
    safe = not bfloat16 or device.type != "cpu" or _cpu_has_amx()
    return torch.channels_last if safe else torch.contiguous_format


def check_precision(precision: str, device: str) -> None:
    """Find out whether a device, "cpu" or "cuda", computes in this precision.

    Raises:
        ValueError: there is no such precision, or the CPU does not multiply bfloat16: torch then takes some 30 times as long.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision: must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if precision == "bfloat16" and not multiplies_bfloat16(device):
        limit = _onednn_limit()
        why = f"ONEDNN_MAX_CPU_ISA={limit} turns it off" if limit in _WITHOUT_BFLOAT16 else "this one has neither"
        raise ValueError(f"precision: bfloat16 needs a GPU, or a CPU with AVX-512 BF16 or AMX, and {why}; take float32")


def multiplies_bfloat16(device: str) -> bool:
    """Whether a device, "cpu" or "cuda", has instructions for products of bfloat16."""
    if device != "cpu":
        return True
    return _is_x86() and torch.cpu._is_avx512_bf16_supported() and _onednn_limit() not in _WITHOUT_BFLOAT16


def _cpu_has_amx() -> bool:
    limit = _onednn_limit()
    allowed = limit in _UNLIMITED or "AMX" in limit
    return _is_x86() and torch.cpu._is_amx_tile_supported() and allowed


def _is_x86() -> bool:
    return platform.machine() in ("x86_64", "AMD64")


def _onednn_limit() -> str:
    """The newest instructions that oneDNN may use; it reads the same variables, once."""
    return (os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or "").upper()
