"""The frozen random input of a decoder: a vector, whatever the size of the estimate."""

import torch
from torch import Tensor


class VectorLatent:
    """Draws z: ``n_values`` numbers, uniform over [0, scale).

    Args:
        n_values: length of the vector.
        scale: upper end.

    Raises:
        ValueError: n_values below 1, a scale that is not positive.

    Reference: Vinyard, "Deep Audio Prior", 2018 (100 values, scale 0.1).

    >>> VectorLatent(n_values=5)((8192,), torch.Generator().manual_seed(0)).shape
    torch.Size([1, 5])
    """

    def __init__(self, n_values: int = 100, scale: float = 0.1) -> None:
        if n_values < 1:
            raise ValueError(f"n_values must be at least 1, got {n_values}")
        if scale <= 0:
            raise ValueError(f"scale must be above 0, got {scale}")
        self.n_values, self.scale = n_values, scale

    def __call__(self, size: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Draw z of (1, n_values), drawn on the CPU so that every device gets the same."""
        return self.scale * torch.rand(1, self.n_values, generator=generator)
