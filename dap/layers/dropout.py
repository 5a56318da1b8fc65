"""Dropout whose random numbers are its own."""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Sets each value to zero with probability ``rate`` and divides the others by 1 − rate; in evaluation it does nothing.

    As torch.nn.Dropout, but its masks come from a generator of its own, on the device of its input. So a fit with dropout
    repeats exactly, and leaves the global state of the random numbers alone; the generator's state is part of state_dict().

    Args:
        rate: probability of a zero. At 0 nothing is drawn.

    Shape:
        any → the same

    Raises:
        ValueError: a rate below 0, or of 1 and more.

    Reference: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.

    >>> sorted(set(Dropout(0.75)(torch.ones(1, 1, 1000)).flatten().tolist()))
    [0.0, 4.0]
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"rate must be at least 0 and below 1, got {rate}")
        self.rate = rate
        self.seed = int(torch.randint(2**63 - 1, ()))  # from the global state, which seeds the weights too
        self.generator: torch.Generator | None = None
        self.state: Tensor | None = None  # of the generator, where it was given before the first input told of the device

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        if self.generator is None or self.generator.device != x.device:
            self.generator = torch.Generator(x.device).manual_seed(self.seed)
            if self.state is not None:
                self.generator.set_state(self.state)
        kept = torch.rand(x.shape, generator=self.generator, device=x.device) >= self.rate
        return x * kept / (1 - self.rate)

    def get_extra_state(self) -> Tensor:
        """The generator's state, empty before the first input: what torch puts into state_dict()."""
        if self.generator is not None:
            return self.generator.get_state()
        return torch.empty(0, dtype=torch.uint8) if self.state is None else self.state

    def set_extra_state(self, state: Tensor) -> None:
        """Go on with the random numbers where another left off."""
        self.generator, self.state = None, state if state.numel() else None
