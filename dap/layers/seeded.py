"""Weights drawn from a seed and counted, though networks draw from torch's one generator that a whole program shares."""

from collections.abc import Iterator
import contextlib
import threading

import torch
from torch import nn

_ONE_AT_A_TIME = threading.Lock()


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Within, torch's own generator on the CPU begins at the seed; after, it is where it was. One thread at a time.

    >>> before = torch.get_rng_state()
    >>> with seeded(0):
    ...     first = torch.rand(1)
    >>> with seeded(0):
    ...     print(bool(torch.rand(1) == first))
    True
    >>> bool((torch.get_rng_state() == before).all())
    True
    """
    with _ONE_AT_A_TIME, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def count_weights(network: nn.Module) -> int:
    """How many numbers a network learns.

    >>> count_weights(nn.Linear(3, 2))
    8
    """
    return sum(weight.numel() for weight in network.parameters())
