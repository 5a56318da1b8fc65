"""Several fills of the same gaps, mixed as was best on gaps that were made to find out."""

import math

import torch
from torch import Tensor

from dap.dsp.masks import hidden_gaps
from dap.methods.iterate import Facts
from dap.methods.method import Method
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.inpainting import Inpainting


class MixedFills(OneShot):
    r"""Σ a_k · fill_k, Σ a_k = 1, with the weights of least squared error on held-out gaps.

    Beside each gap another of its length is hidden (`dap.dsp.masks.hidden_gaps`), on both sides where gaps are few. Each method
    fills these; with G_kl the inner products of their errors there, a is the solution of (G + λ I) a ∝ 1, and λ draws it to
    the plain mean. Where there is no room to hide a gap the plain mean is taken. How far a model should look back, and over
    how much sound, differs from voice to instrument and from short to long gaps: no one setting is best. Observed samples
    stay as they are.

    Args:
        fills: methods of one estimate each.
        distance_seconds: from a gap to the one hidden beside it, s.
        ridge: λ over the mean of G's diagonal.

    Raises:
        ValueError: no fill, or a setting out of range; from `restore`, a task that is not inpainting.

    >>> from dap.methods.problem import Problem
    >>> from dap.methods.classical.autoregressive import Autoregressive
    >>> tone = torch.sin(torch.arange(4000) / 8)[None]
    >>> task = Inpainting(gaps=[[0.25, 0.26]]).at(8000, 4000, None)
    >>> mixed = MixedFills([Autoregressive(order=4), Autoregressive(order=20)])
    >>> bool((next(mixed.restore(Problem(task.observe(tone), task, 8000))).estimate - tone).abs().max() < 0.01)
    True
    """

    tasks = frozenset({"inpainting"})

    def __init__(self, fills: list[Method], distance_seconds: float = 0.05, ridge: float = 0.1) -> None:
        super().__init__()
        if not fills:
            raise ValueError("fills must be at least one method, got none")
        for name, value in (("distance_seconds", distance_seconds), ("ridge", ridge)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be above 0, got {value}")
        self.fills, self.distance_seconds, self.ridge = fills, distance_seconds, ridge

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and the facts."""
        observation, task, sample_rate = problem.observation, problem.task, problem.sample_rate
        assert isinstance(task, Inpainting)
        assert task.missing is not None
        made = torch.stack(self._filled(problem))  # (fill, channel, time)
        weights = self._weights(observation, task, sample_rate).to(made)
        mixed = torch.einsum("k,kct->ct", weights, made)  # (channel, time); rounded, as the weights' sum is
        facts = {"weights": [round(float(weight), 3) for weight in weights]}
        return mixed.where(task.missing.to(mixed.device), observation), facts

    def _weights(self, observation: Tensor, task: Inpainting, sample_rate: int) -> Tensor:
        """(fill,), whose sum is 1."""
        n_fills = len(self.fills)
        assert task.missing is not None
        hidden = hidden_gaps(task.missing.cpu(), round(self.distance_seconds * sample_rate))
        if n_fills == 1 or not hidden.any():
            return torch.full((n_fills,), 1 / n_fills)
        harder = task.without(hidden)
        made = self._filled(Problem(harder.observe(observation), harder, sample_rate))
        place = hidden.to(observation.device)
        errors = torch.stack([(fill - observation)[..., place].double().flatten() for fill in made])  # (fill, hidden)
        gram = errors @ errors.T
        strength = (self.ridge * gram.diagonal().mean()).clamp(min=1e-30)
        eye = torch.eye(n_fills, dtype=gram.dtype, device=gram.device)
        weights: Tensor = torch.linalg.solve(gram + strength * eye, gram.new_ones(n_fills))
        return weights / weights.sum()

    def _filled(self, problem: Problem) -> list[Tensor]:
        return [fill.estimate(problem) for fill in self.fills]
