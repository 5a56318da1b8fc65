"""What every method offers: from an observation to restorations of it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from torch import Tensor

from dap.methods.iterate import Iterate, State
from dap.tasks.task import Task


class Method(ABC):
    """A way to restore a sound. A classical method gives one estimate, a fit one an update.

    Attributes:
        blind: whether it restores without the reference; False says "oracle" in every table.
        n_iterates: how many iterates `restore` yields, at most.
        threaded: whether it computes enough at a time for several threads to pay: networks do, filters do not.
        facts: what run.json says about the method at this clip.
    """

    blind = True
    n_iterates = 1
    threaded = False

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    @abstractmethod
    def restore(self, observation: Tensor, task: Task, sample_rate: int, reference: Tensor | None = None) -> Iterator[Iterate]:
        """The estimates, (channel, time) as the observation, on its device; ``task.finish`` is left to the caller.

        Methods made for gaps, clipping or quantization give back what is certain bit for bit; networks and denoisers are free.

        Args:
            observation: (channel, time), finite.
            task: at this clip.
            sample_rate: Hz.
            reference: for the oracles alone: a method that is blind does not look at it. None where there is none.

        Raises:
            ValueError: at once, where method, task and observation do not fit each other.
            FloatingPointError: while iterating, where a number is no longer finite.
        """

    def resume(
        self, state: State, observation: Tensor, task: Task, sample_rate: int, reference: Tensor | None = None
    ) -> Iterator[Iterate]:
        """As `restore`, from the iterate on that follows the one whose ``state()`` this is. One estimate is made again."""
        return self.restore(observation, task, sample_rate, reference)
