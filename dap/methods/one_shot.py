"""Methods that make their estimate at once."""

from abc import abstractmethod
from collections.abc import Iterator

from torch import Tensor

from dap.methods.iterate import Facts, Iterate, State
from dap.methods.method import Method
from dap.methods.problem import Problem


class OneShot(Method):
    """One estimate, and the facts of how it was made."""

    def iterates(self, state: State | None, problem: Problem) -> Iterator[Iterate]:
        """The one estimate, made at once, and again where a process was stopped."""
        del state
        estimate, facts = self.solve(problem)
        return iter([Iterate(0, None, estimate, facts=facts)])

    @abstractmethod
    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The estimate, (channel, time) as the observation, and the facts; the task was checked.

        Raises:
            ValueError: an observation that the method cannot use.
        """
