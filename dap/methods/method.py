"""What every method offers: from an observation to restorations of it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from torch import Tensor

from dap.audio.kept_windows import Around
from dap.data.clip import Dataset
from dap.methods.first_step import FirstStep
from dap.methods.iterate import Facts, Iterate, State
from dap.methods.problem import Problem
from dap.methods.training_plan import TrainingPlan
from dap.tasks.task import Task


class Method(ABC):
    """A way to restore sounds: settings alone, so that it may be used again, and by several at once. What it finds out about a
    sound travels with the iterates. A classical method gives one estimate, a fit one an update.

    Attributes:
        tasks: names of the tasks that it restores, alone or in a chain; None: every one.
        blind: whether it restores without the reference; False says "oracle" in every table.
        iterative: whether `restore` yields several iterates, of which a stopping rule is to pick one.
        threaded: whether it computes enough at a time for several threads to pay: networks do, filters do not.
        level_free: whether a louder observation is restored to the same, louder.
    """

    tasks: frozenset[str] | None = None
    blind = True
    iterative = False
    threaded = False
    level_free = False

    def check(self, task: Task) -> None:
        """ValueError where this is no method for the task."""
        if self.tasks is not None and not task.names <= self.tasks:
            able, asked = " or ".join(sorted(self.tasks)), " and ".join(sorted(task.names))
            raise ValueError(f"{type(self).__name__} restores task={able}, and nothing of {asked}: take another method")

    def plan(self, data: Dataset, task: Task) -> TrainingPlan | None:
        """How it is trained on a data set before it restores; None: it is not trained.

        Raises:
            ValueError: data, task and settings do not fit each other.
        """
        del data, task
        return None

    def load(self, weights: Mapping[str, Mapping[str, Tensor]], facts: Facts) -> None:
        """Restore with the weights of its networks that a training kept, by the networks' names.

        Args:
            facts: of that training, for run.json.

        Raises:
            ValueError: the weights of other networks, or a method that has none.
        """
        raise ValueError(f"{type(self).__name__} is not trained: it takes no weights")

    def count(self, problem: Problem) -> int:
        """How many iterates `restore` yields of a problem, at most."""
        del problem
        return 1

    def first_step(self, problem: Problem) -> FirstStep:
        """What the fit of a network begins with.

        Raises:
            ValueError: the method fits no network, or more than one.
        """
        raise ValueError(f"{type(self).__name__} does not fit one network: take method=deep_prior")

    def restore(self, problem: Problem) -> Iterator[Iterate]:
        """The estimates, (channel, time) as the observation, on its device; ``task.finish`` is left to the caller.

        Methods made for gaps, clipping or quantization give back what is certain bit for bit; networks and denoisers are free.

        Raises:
            ValueError: at once, where method and problem do not fit each other.
            FloatingPointError: while iterating, where a number is no longer finite.
        """
        return self._begun(None, problem)

    def resume(self, state: State, problem: Problem) -> Iterator[Iterate]:
        """As `restore`, from the iterate on that follows the one whose ``state()`` this is."""
        return self._begun(state, problem)

    def estimate(self, problem: Problem) -> Tensor:
        """The last of the estimates, for whoever wants one; errors as `restore`."""
        *_, last = self.restore(problem)
        return last.estimate

    def stream(self, blocks: Iterable[Tensor], around: Around | None = None) -> Iterator[Tensor]:
        """The estimate of a sound of any length: as long as it was, in memory that does not grow with it.

        Args:
            blocks: (channel, some samples) after another.
            around: makes of what restores a window, or several of them, what does so and keeps them.

        Raises:
            ValueError: the method needs a sound as a whole.
        """
        raise ValueError(f"{type(self).__name__} restores no stream: it needs a sound as a whole")

    @abstractmethod
    def iterates(self, state: State | None, problem: Problem) -> Iterator[Iterate]:
        """What `restore` (no state) and `resume` give, for a posed task that was checked; a blind method has no reference."""

    def _begun(self, state: State | None, problem: Problem) -> Iterator[Iterate]:
        self.check(problem.task)
        task, observation = problem.task.posed(problem.observation)
        reference = None if self.blind else problem.reference
        return self.iterates(state, replace(problem, task=task, observation=observation, reference=reference))
