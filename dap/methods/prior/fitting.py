"""What the methods that fit have in common: many iterates, and a way to go on after any of them."""

from abc import abstractmethod
from collections.abc import Iterator

from torch import Tensor

from dap.methods.iterate import Iterate, State
from dap.methods.method import Method
from dap.tasks.task import Task


class Fitting(Method):
    """Iterates that each tell by ``state()`` how to make the next ones. It does not look at a reference."""

    threaded = True

    def restore(self, observation: Tensor, task: Task, sample_rate: int, reference: Tensor | None = None) -> Iterator[Iterate]:
        """The iterates from the first one on, see `Method.restore`."""
        return self.iterates(None, observation, task, sample_rate)

    def resume(
        self, state: State, observation: Tensor, task: Task, sample_rate: int, reference: Tensor | None = None
    ) -> Iterator[Iterate]:
        """The iterates that are left."""
        return self.iterates(state, observation, task, sample_rate)

    @abstractmethod
    def iterates(self, state: State | None, observation: Tensor, task: Task, sample_rate: int) -> Iterator[Iterate]:
        """The iterates after the one whose state this is, or all; arguments and errors as `Method.restore`."""
