"""The least for quantisation: the observation itself, each sample in the middle of its cell."""

from torch import Tensor

from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem


class Clamp(OneShot):
    """Nothing but what the task knows for certain: what every other method for it is to beat.

    Raises:
        ValueError: from `restore`, a task that is not quantization.
    """

    tasks = frozenset({"quantization"})

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and the facts."""
        observation, task = problem.observation, problem.task
        return task.finish(observation, observation), {}
