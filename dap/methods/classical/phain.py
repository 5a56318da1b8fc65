"""Gaps filled by phase-aware sparsity: steady partials go on through them."""

import math

import torch
from torch import Tensor

from dap.dsp.masks import gaps_together, runs_of
from dap.dsp.steady_phase import fill_steady
from dap.dsp.tight_frame import TightFrame
from dap.methods.iterate import Facts
from dap.methods.method import Method
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem


class Phain(OneShot):
    """Of all sounds that fit the observation, the one that changes least from frame to frame (`dap.dsp.steady_phase`).

    Gap after gap, with as much sound to each side as frames that meet the gap reach. The constraint is that each known sample
    is kept. Where STFT columns are missing that is the known columns' own constraint: a column tells each sample that its
    window reaches, though but for a factor, by which the task has divided (`Inpainting.posed`); so what
    the known columns leave open is what is missing here. (The published U-PHAIN-TF projects onto the known columns in each turn
    instead: the same sounds, met in the limit.) Each channel is on its own; observed samples stay as they are.

    Args:
        n_fft: length of the frames (Hann), samples.
        hop_length: from one to the next, a divisor of it and at most half of it.
        rounds: how often the instantaneous frequencies are estimated.
        iterations: steps in each round.
        threshold: λ, for a stretch of peak 1. What the steps converge to does not depend on it, but how soon does.
        start: a method whose estimate the gaps start from; None: silence. A good one saves most of the steps.

    Raises:
        ValueError: settings out of range; from `restore`, a task that is not inpainting.

    Reference: Tanaka, Yatabe and Oikawa, "PHAIN: Audio inpainting via phase-aware optimization with instantaneous frequency",
    IEEE/ACM TASLP 32, 2024; for columns, its extension U-PHAIN-TF, 2026.
    """

    tasks = frozenset({"inpainting"})

    def __init__(
        self,
        n_fft: int = 2048,
        hop_length: int = 512,
        rounds: int = 10,
        iterations: int = 500,
        threshold: float = 0.01,
        start: Method | None = None,
    ) -> None:
        super().__init__()
        if min(rounds, iterations) < 1:
            raise ValueError(f"rounds and iterations must be at least 1, got {rounds} and {iterations}")
        if not (math.isfinite(threshold) and threshold > 0):
            raise ValueError(f"threshold must be above 0, got {threshold}")
        self.frame = TightFrame(n_fft, hop_length)
        self.rounds, self.iterations, self.threshold, self.start = rounds, iterations, threshold, start

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and the facts."""
        observation, task = problem.observation, problem.task
        assert task.missing is not None
        missing = task.missing.to(observation.device)
        begun = observation.where(~missing, 0.0) if self.start is None else self.start.estimate(problem)
        return task.finish(self._fill(begun, missing), observation), {}

    def _fill(self, waveform: Tensor, missing: Tensor) -> Tensor:
        """(channel, time), gaps that a frame meets at once together; a gap filled before is known to the next."""
        filled, unknown = waveform.clone(), missing.clone()
        frame = self.frame.to(waveform.device)
        around = frame.n_window + frame.hop_length
        for gaps in gaps_together(runs_of(missing.cpu()), frame.n_window):
            first, last = gaps[0][0], gaps[-1][1]
            start, end = max(0, first - around), min(waveform.shape[-1], last + around)
            made = fill_steady(filled[:, start:end], unknown[start:end], frame, self.rounds, self.iterations, self.threshold)
            filled[:, first:last], unknown[first:last] = made[:, first - start : last - start], False
        return filled.where(torch.isfinite(filled), waveform)
