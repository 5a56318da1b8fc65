"""A deep prior for a sound of any length: a fit for each window, and a start for the next ones learned from all before."""

from collections.abc import Iterator
import copy

import torch
from torch import Tensor

from dap.audio.windows import Layout, count_windows, cut, join
from dap.methods.iterate import Facts, Iterate, State
from dap.methods.method import Method
from dap.methods.prior.deep_prior import DeepPrior
from dap.methods.problem import Problem
from dap.methods.stopping import StoppingRule
from dap.tasks.task import Task

_SILENT = 1e-12  # mean square
Weights = dict[str, Tensor]


class Windowed(Method):
    """Fits a deep prior to one overlapping window after another, and fades each into the next.

    The weights that a fit begins with learn from the windows (Reptile): after each they move towards those that its fit ended
    with, so that they come to know what this recording sounds like, while the noise is another in each window. Memory for the
    fit is that of a window, whatever the length. An iterate is a window more: the windows as they were restored last, and what
    has no restoration yet as it was observed. A silent window stays.

    Args:
        fit: of each window.
        stopping: the rule that ends it, blind; each window has a copy. It finds the level of the noise in each window anew,
            where the task does not know it.
        window_seconds: length of a window; a shorter sound is one.
        overlap_seconds: of one window with the next.
        fade_seconds: in which one goes over into the next, in the middle of the overlap.
        passes: how often the recording is gone through; the last one's restorations are kept. From the second on the noise
            is known too: what that wins or loses depends on the recording.
        learning: how far the first weights move towards those of a fit's end: 0 leaves them random, 1 begins each fit where
            the last one ended.

    Raises:
        ValueError: settings out of range; from `restore`, a task that observes a window otherwise than it does the whole.
        FloatingPointError: from `restore`, the loss is no longer finite.

    Reference: Nichol, Achiam & Schulman, "On First-Order Meta-Learning Algorithms", 2018 (Reptile).
    """

    threaded = iterative = True

    def __init__(
        self,
        fit: DeepPrior,
        stopping: StoppingRule,
        window_seconds: float = 2.0,
        overlap_seconds: float = 0.25,
        fade_seconds: float = 0.1,
        passes: int = 1,
        learning: float = 0.5,
    ) -> None:
        super().__init__()
        if passes < 1:
            raise ValueError(f"passes must be at least 1, got {passes}")
        if not 0 <= learning <= 1:
            raise ValueError(f"learning must be from 0 to 1, got {learning}")
        if not stopping.blind:
            raise ValueError("windowed stops each fit blindly: take stopping=discrepancy, emv or fixed, not oracle")
        self.fit, self.stopping, self.passes, self.learning = fit, stopping, passes, learning
        self.layout = Layout(window_seconds, overlap_seconds, fade_seconds)

    def count(self, problem: Problem) -> int:
        """The observation, and an iterate a window and pass."""
        n_samples = problem.observation.shape[-1]
        window, hop, _ = self.layout.samples(problem.sample_rate, n_samples)
        return 1 + self.passes * count_windows(n_samples, window, hop)

    def iterates(self, state: State | None, problem: Problem) -> Iterator[Iterate]:
        """Yield an estimate for each number of windows, from 0 on."""
        observation, task, sample_rate = problem.observation, problem.task, problem.sample_rate
        task.part(0, observation.shape[-1])  # which says so where it cannot be cut
        window, hop, fade = self.layout.samples(sample_rate, observation.shape[-1])
        placed = list(cut([observation], window, hop))
        n_iterates = self.count(problem)

        def follow() -> Iterator[Iterate]:
            step, weights = (0, None) if state is None else (state["step"], state["weights"])
            restored = {} if state is None else {index: part.to(observation) for index, part in state["restored"].items()}
            steps: list[int] = [] if state is None else list(state["steps"])
            found: Facts = {} if state is None else dict(state["found"])

            def so_far(step: int, loss: float | None) -> Iterate:
                def state_here() -> State:
                    kept = {"restored": dict(restored), "steps": list(steps), "found": dict(found)}
                    return {"step": step, "weights": weights, **kept}

                parts = ((placed[index][0], part) for index, part in restored.items())
                finished = torch.cat([observation[..., :0], *join(parts, window, hop, fade)], dim=-1)
                rest = observation[..., finished.shape[-1] :]
                facts = {"steps_by_window": list(steps), **found}
                return Iterate(step, loss, torch.cat([finished, rest], dim=-1), state_here, facts)

            if state is None:
                yield so_far(0, None)
            for index in range(step, n_iterates - 1):
                start, samples = placed[index % len(placed)]
                part = task.part(start, start + window)
                estimate, n_steps, loss, weights, facts = self._restored(samples, part, sample_rate, weights)
                found |= {name: value for name, value in facts.items() if name == "n_parameters"}  # the one of them all
                restored[index % len(placed)] = estimate
                steps.append(n_steps)
                yield so_far(index + 1, loss)

        return follow()

    def _restored(
        self, samples: Tensor, task: Task, sample_rate: int, weights: Weights | None
    ) -> tuple[Tensor, int, float | None, Weights | None, Facts]:
        """One window's estimate, at which step, the loss there, what the first weights become, and the fit's facts."""
        if samples.square().mean() < _SILENT:
            return samples, 0, 0.0, weights, {}
        rule = copy.deepcopy(self.stopping)
        rule.start(task, samples, None)
        problem = Problem(samples, task, sample_rate)
        begun = self.fit.first_weights(problem) if weights is None else weights
        losses = []
        for iterate in self.fit.restore_from(begun, problem):
            losses.append(iterate.loss)
            rule.update(iterate.step, iterate.estimate)
            if rule.done:
                break
        if rule.estimate is None or rule.step is None:
            raise FloatingPointError("the stopping rule chose no iterate")
        assert iterate.state is not None
        last, moved = iterate.state()["fit"]["network"], {}
        for name, first in begun.items():  # a norm's count of batches is a whole number
            moved[name] = first.to(last[name]).lerp(last[name], self.learning) if first.is_floating_point() else first
        return rule.estimate, rule.step, losses[rule.step], moved, iterate.facts
