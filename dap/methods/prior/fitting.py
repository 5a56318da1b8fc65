"""What the methods that fit have in common: many iterates, and a way to go on after any of them."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace

from dap.methods.iterate import Iterate, State
from dap.methods.method import Method
from dap.methods.problem import Problem


class Fitting(Method):
    """Iterates that each tell by ``state()`` how to make the next ones. No reference is handed on to them."""

    threaded = True

    def restore(self, problem: Problem) -> Iterator[Iterate]:
        """The iterates from the first one on, see `Method.restore`."""
        return self.iterates(None, replace(problem, reference=None))

    def resume(self, state: State, problem: Problem) -> Iterator[Iterate]:
        """The iterates that are left."""
        return self.iterates(state, replace(problem, reference=None))

    @abstractmethod
    def iterates(self, state: State | None, problem: Problem) -> Iterator[Iterate]:
        """The iterates after the one whose state this is, or all; errors as `Method.restore`."""
