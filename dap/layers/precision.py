"""In which precision a network computes: float32, or in part bfloat16, which some hardware multiplies several times as fast."""

import torch
from torch import Tensor, nn

PRECISIONS = ("float32", "tf32", "bfloat16")


def at_precision(network: nn.Module, precision: str) -> nn.Module:
    """The same network, whose forward pass computes convolutions and products in this precision.

    With "bfloat16" as torch's autocast has it: weights, norms, losses and updates stay in float32, and so does what the
    network puts out. "tf32" is set for the whole process (`dap.parts.choose_device`), and changes nothing here.

    Args:
        network: from tensors to a tensor; it is changed, its weights and their names are not.
        precision: one of `PRECISIONS`.

    Raises:
        ValueError: another precision.

    Reference: Micikevicius et al., "Mixed Precision Training", ICLR 2018.

    >>> layer = at_precision(nn.Linear(64, 1, bias=False), "bfloat16")
    >>> x = torch.randn(1, 64, generator=torch.Generator().manual_seed(0))
    >>> exact, coarse = x @ layer.weight.T, layer(x)
    >>> coarse.dtype, torch.equal(exact, coarse), torch.allclose(exact, coarse, atol=0.02)
    (torch.float32, False, True)
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if precision != "bfloat16":
        return network
    exact = network.forward

    def forward(*inputs: Tensor) -> Tensor:
        with torch.autocast(inputs[0].device.type, torch.bfloat16):
            output: Tensor = exact(*inputs)
        return output.to(inputs[0].dtype)

    network.forward = forward
    return network
