"""What a fit minimises: (estimate, target) of the same shape, to a scalar; means, so that the size does not matter.

>>> import torch
>>> l2(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0])), l1(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0]))
(tensor(2.), tensor(1.))
"""

from torch import Tensor


def l2(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference (Zhang et al., ICLR 2020; Ulyanov et al., 2018)."""
    return (estimate - target).square().mean()


def l1(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference (DAWP, Turetzky et al., 2022): a few loud bins weigh less than in `l2`."""
    return (estimate - target).abs().mean()
