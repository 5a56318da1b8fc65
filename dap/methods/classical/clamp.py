"""The least for quantisation: the observation itself, each sample in the middle of its cell."""

from collections.abc import Iterator

from torch import Tensor

from dap.methods.iterate import Iterate
from dap.methods.method import Method
from dap.tasks.quantization import Quantization
from dap.tasks.task import Task


class Clamp(Method):
    """Nothing but what the task knows for certain: what every other method for it is to beat.

    Raises:
        ValueError: from `restore`, a task that is not quantization.
    """

    def restore(self, observation: Tensor, task: Task, sample_rate: int, reference: Tensor | None = None) -> Iterator[Iterate]:
        """Yield the one estimate."""
        if not isinstance(task, Quantization):
            raise ValueError("clamp is for quantised sound: take task=quantization")
        return iter([Iterate(0, None, task.finish(observation, observation))])
