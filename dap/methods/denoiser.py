"""What the classical denoisers have in common: noise is all that they take away, and they give one estimate."""

from abc import abstractmethod
from collections.abc import Iterator

from torch import Tensor

from dap.methods.iterate import Facts, Iterate
from dap.methods.method import Method
from dap.methods.problem import Problem


class Denoiser(Method):
    """One estimate, of the observation's length and level, from an observation that is the sound plus noise."""

    def restore(self, problem: Problem) -> Iterator[Iterate]:
        """The one estimate, made at once.

        Raises:
            ValueError: a task that does more than add noise, or an observation that the method cannot use.
        """
        if not problem.task.identity:
            name, other = type(self).__name__, type(problem.task).__name__
            raise ValueError(
                f"{name} restores noise; the task {other} is something else: use denoise, quantization or a chain of both"
            )
        estimate, facts = self.denoise(problem)
        return iter([Iterate(0, None, estimate, facts=facts)])

    @abstractmethod
    def denoise(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The estimate, (channel, time) as the observation, and the facts."""
