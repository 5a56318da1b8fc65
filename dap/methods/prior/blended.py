"""A fit and a classical fill, each trusted as far as it did well on gaps that were made to find out."""

from collections.abc import Iterator
from dataclasses import replace

from dap.dsp.masks import hidden_gaps
from dap.methods.iterate import Iterate, State
from dap.methods.method import Method
from dap.methods.problem import Problem
from dap.tasks.inpainting import Inpainting


class Blended(Method):
    """Fill gaps with (1 − α) · fill + α · fit, with the α that is best on held-out gaps: blind, and adapted to the sound.

    Next to each gap, in the sound that was observed, another of its length is hidden from both. There the truth x is known,
    and α = ⟨x − fill, fit − fill⟩ / ‖fit − fill‖², within [0, 1], has the least squared error; it is taken for the gaps that
    are to be filled. Where two methods err independently a blend of them is nearer to the truth than either. The fill of the
    true gaps is made from all that was observed, and every observed sample, hidden or not, stays as it is.

    Args:
        fit: whose iterates are blended.
        fill: yields one estimate.
        distance_seconds: from a gap to the one hidden beside it, s.

    Raises:
        ValueError: distance_seconds not above 0; from `restore`, a task that is not inpainting, or no room to hide a gap.
    """

    tasks, threaded = frozenset({"inpainting"}), True

    def __init__(self, fit: Method, fill: Method, distance_seconds: float = 0.05) -> None:
        super().__init__()
        if not distance_seconds > 0:
            raise ValueError(f"distance_seconds must be above 0 s, got {distance_seconds}")
        self.fit, self.fill, self.distance_seconds = fit, fill, distance_seconds
        self.iterative = fit.iterative

    def count(self, problem: Problem) -> int:
        """As many as the fit has."""
        return self.fit.count(problem)

    def iterates(self, state: State | None, problem: Problem) -> Iterator[Iterate]:
        """Yield, for each iterate of the fit, its best blend with the fill."""
        observation, task, sample_rate = problem.observation, problem.task, problem.sample_rate
        assert isinstance(task, Inpainting)
        assert task.missing is not None
        if not task.missing.any():
            return iter([Iterate(0, None, observation)])
        hidden = hidden_gaps(task.missing.cpu(), round(self.distance_seconds * sample_rate))
        if not hidden.any():
            raise ValueError(
                "blended hides gaps beside the gaps to learn from, and there is no room: take method=autoregressive"
            )
        harder = task.without(hidden)
        seen = harder.observe(observation)
        hidden = hidden.to(observation.device)
        truth = observation[..., hidden]
        missing = task.missing.to(observation.device)
        begun = Problem(seen, harder, sample_rate)
        fill = self.fill.estimate(problem)
        fill_of_hidden = self.fill.estimate(begun)[..., hidden]
        iterates = self.fit.restore(begun) if state is None else self.fit.resume(state, begun)

        def blended() -> Iterator[Iterate]:
            for iterate in iterates:
                away = iterate.estimate[..., hidden] - fill_of_hidden
                weight = float(((truth - fill_of_hidden) * away).sum() / away.square().sum().clamp(min=1e-12))
                alpha = min(max(weight, 0.0), 1.0)
                blend = fill + alpha * (iterate.estimate - fill)
                yield replace(iterate, estimate=blend.where(missing, observation))

        return blended()
