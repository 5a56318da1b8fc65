"""For noisy recordings that may be clipped as well: what lay beyond the level first, and then the noise."""

from torch import Tensor

from dap.methods.classical.declip import Declip
from dap.methods.iterate import Facts
from dap.methods.method import Method
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem


class AfterDeclipping(OneShot):
    """Where tops are flat, as only a clipped recording has them, they are declipped; then another method restores.

    What is restored is then louder at its peak than what was observed.

    Args:
        tops: which declips.
        then: which takes the noise away.
        declip: whether flat tops are looked for.
    """

    tasks = frozenset({"denoise"})

    def __init__(self, tops: Declip, then: Method, declip: bool = True) -> None:
        super().__init__()
        self.tops, self.then, self.declip = tops, then, declip

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and the facts of what took the noise away, with the level of the flat tops."""
        observation, found = problem.observation, {}
        if self.declip:
            observation = self.tops.declipped(observation, problem.sample_rate)
            tops = problem.observation[observation != problem.observation]
            found = {"clipped_at": float(tops.abs().max())} if len(tops) else {}
        *_, iterate = self.then.restore(Problem(observation, problem.task, problem.sample_rate))
        return iterate.estimate, {**iterate.facts, **found}
