"""The least for quantisation: the observation itself, each sample in the middle of its cell."""

from collections.abc import Iterator

from dap.methods.iterate import Iterate
from dap.methods.method import Method
from dap.methods.problem import Problem
from dap.tasks.quantization import Quantization


class Clamp(Method):
    """Nothing but what the task knows for certain: what every other method for it is to beat.

    Raises:
        ValueError: from `restore`, a task that is not quantization.
    """

    def restore(self, problem: Problem) -> Iterator[Iterate]:
        """Yield the one estimate."""
        observation, task = problem.observation, problem.task
        if not isinstance(task, Quantization):
            raise ValueError("clamp is for quantised sound: take task=quantization")
        return iter([Iterate(0, None, task.finish(observation, observation))])
