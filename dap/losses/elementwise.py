"""What a fit minimises: (estimate, target) of the same shape, to a scalar.

>>> import torch
>>> estimate, target = torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0])
>>> l2(estimate, target), l1(estimate, target), l2_norm(estimate, target)
(tensor(2.), tensor(1.), tensor(2.))
"""

import torch
from torch import Tensor


def l2(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference (Zhang et al., ICLR 2020; Ulyanov et al., 2018)."""
    return (estimate - target).square().mean()


def l1(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference (DAWP, Turetzky et al., 2022): a few loud bins weigh less than in `l2`."""
    return (estimate - target).abs().mean()


def l2_norm(estimate: Tensor, target: Tensor) -> Tensor:
    """Square root of the sum of squared differences (Vinyard, 2018): of white noise of σ in n samples, σ√n.

    Its gradient does not shrink as the difference does; for Adam, which divides by the gradient's size, it differs from `l2`
    only as the size changes within its memory. At no difference at all the gradient is 0.
    """
    difference: Tensor = torch.linalg.vector_norm(estimate - target)
    return difference
