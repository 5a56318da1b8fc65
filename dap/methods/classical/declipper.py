"""What the methods for saturated sound have in common."""

from abc import abstractmethod

from torch import Tensor

from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.clipping import Clipping


class Declipper(OneShot):
    """A method for task=clipping that restores each channel on its own, from the bounds of its samples.

    Samples that were not clipped stay as they are, and those that were end at or beyond their level. A channel without clipped
    samples comes out as it is.
    """

    tasks = frozenset({"clipping"})

    @abstractmethod
    def channel(self, lower: Tensor, upper: Tensor, sample_rate: int) -> Tensor:
        """An estimate of one channel, (1, time), from its bounds, equal where a sample is known."""

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and no facts."""
        assert isinstance(problem.task, Clipping)
        return self.within(problem.observation, *problem.task.bounds(problem.observation), problem.sample_rate), {}

    def within(self, observation: Tensor, lower: Tensor, upper: Tensor, sample_rate: int) -> Tensor:
        """The channels that have clipped samples restored, within their bounds; (channel, time) each."""
        estimate = observation.clone()
        for index in (lower < upper).any(-1).nonzero()[:, 0].tolist():
            low, high = lower[index : index + 1], upper[index : index + 1]
            estimate[index] = self.channel(low, high, sample_rate).clamp(low, high)[0]
        return estimate
