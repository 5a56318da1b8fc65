"""Those who look at every iterate of a restoration: the stopping rule, and the oracle beside it."""

from typing import Any

from torch import Tensor

from dap.methods.iterate import Iterate
from dap.methods.problem import Problem
from dap.methods.stopping import Oracle, StoppingRule


class Judges:
    """The rule that chooses an iterate, and, of a fit whose reference is there, the oracle that says which was the best.

    Args:
        rule: new, for this restoration.
        problem: what is restored.
        iterative: whether there is anything to choose from.
    """

    def __init__(self, rule: StoppingRule, problem: Problem, iterative: bool) -> None:
        self.rule, self.problem = rule, problem
        self.oracle = Oracle() if iterative and problem.reference is not None else None

    def start(self, state: dict[str, Any] | None = None) -> None:
        """Before the first iterate, or to go on from a state.

        Raises:
            ValueError: the rule needs a reference, and there is none.
        """
        for name, judge in self._named().items():
            judge.start(self.problem.task, self.problem.observation, self.problem.reference)
            if state is not None:
                judge.load_state_dict(state[name])

    def look(self, iterate: Iterate) -> Tensor:
        """Judge an iterate; returns its estimate, finished."""
        self.rule.update(iterate.step, iterate.estimate)
        estimate = self.finished(iterate.estimate)
        if self.oracle is not None:
            self.oracle.update(iterate.step, estimate)
        return estimate

    def finished(self, estimate: Tensor) -> Tensor:
        """The estimate with what is known for certain, in the reference's order."""
        task, reference = self.problem.task, self.problem.reference
        estimate = task.finish(estimate, self.problem.observation)
        return estimate if reference is None else task.align(estimate, reference)

    def state(self) -> dict[str, Any]:
        """What `start` goes on from."""
        return {name: judge.state_dict() for name, judge in self._named().items()}

    def _named(self) -> dict[str, StoppingRule]:
        return {"rule": self.rule, **({} if self.oracle is None else {"oracle": self.oracle})}
