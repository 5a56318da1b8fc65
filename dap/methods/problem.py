"""What a method is handed."""

from dataclasses import dataclass

from torch import Tensor

from dap.tasks.task import Task


@dataclass(frozen=True)
class Problem:
    """One damaged sound, to be restored.

    Args:
        observation: (channel, time), finite.
        task: what was done to it, at this clip.
        sample_rate: Hz, of what is restored.
        reference: the clean sound, for oracles alone: a method that is blind does not look at it. None where there is none.
    """

    observation: Tensor
    task: Task
    sample_rate: int
    reference: Tensor | None = None
