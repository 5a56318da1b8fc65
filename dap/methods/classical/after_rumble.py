"""For recordings with rumble below the lowest pitch: that first, and then the noise."""

from torch import Tensor

from dap.dsp.rumble import rumble
from dap.methods.iterate import Facts
from dap.methods.method import Method
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem


class AfterRumble(OneShot):
    """What moves as noise does below the lowest pitch is taken away (`dap.dsp.rumble`); then another method restores.

    Args:
        then: which takes the noise away.
        rumble: whether rumble is looked for.
    """

    tasks = frozenset({"denoise"})

    def __init__(self, then: Method, rumble: bool = True) -> None:
        super().__init__()
        self.then, self.rumble = then, rumble

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and the facts of what took the noise away, with the rumble's RMS."""
        observation, harmless, found = problem.observation, None, {}
        if self.rumble:
            below, harmless = rumble(observation, problem.sample_rate)
            observation = observation - below
            found = {"rumble_std": float((below - harmless).double().square().mean().sqrt())}
        *_, iterate = self.then.restore(Problem(observation, problem.task, problem.sample_rate))
        estimate = iterate.estimate if harmless is None else iterate.estimate + harmless
        return estimate, {**iterate.facts, **found}
