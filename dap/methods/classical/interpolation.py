"""Interpolation: missing samples, or those between the samples of a lower rate, from the samples beside them."""

import torch
from torch import Tensor

from dap.dsp.interpolation import interpolate_missing
from dap.dsp.resample import resample
from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.super_resolution import SuperResolution

KINDS = ("linear", "spline", "sinc")


class Interpolation(OneShot):
    """Over gaps, from the samples that are observed; for super-resolution, from each factor-th sample of the observation.

    The gaps of a chain are filled from its observation as it is: what another of its stages did to it stays. Observed samples
    stay as they are, and clipped ones end at or beyond their level.

    Args:
        kind: "linear" and "spline" (cubic) as `dap.dsp.interpolation.interpolate_missing`; "sinc", for super-resolution alone:
            nothing above the low Nyquist frequency, so what every other system is to beat.

    Raises:
        ValueError: another kind; from `restore`, a task with neither gaps nor a lower rate, sinc for gaps, or a spline without
            scipy.
    """

    tasks = frozenset({"inpainting", "clipping", "super_resolution"})

    def __init__(self, kind: str) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
        self.kind = kind
        if kind == "sinc":  # between equally spaced samples, not over gaps
            self.tasks = frozenset({"super_resolution"})

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and the facts."""
        observation, task = problem.observation, problem.task
        n_samples = observation.shape[-1]
        if isinstance(task, SuperResolution):
            if self.kind == "sinc" and task.interpolation == "sinc":
                estimate = observation  # nothing is above the low Nyquist frequency already
            elif self.kind == "sinc":
                estimate = resample(observation[..., :: task.factor], 1, task.factor)[..., :n_samples]
            else:
                between = torch.arange(n_samples) % task.factor != 0
                estimate = interpolate_missing(observation, between, self.kind)
        else:
            assert task.missing is not None
            estimate = task.finish(interpolate_missing(observation, task.missing, self.kind), observation)
        return estimate, {}
