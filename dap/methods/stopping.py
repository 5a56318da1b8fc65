"""Which iterate to keep. A rule sees the estimates one by one and chooses; only `Oracle` sees the reference.

A fit first builds the sound and later the noise, so the best restoration is an iterate on the way. Blind rules find it
from the observation and the iterates alone.
"""

from abc import ABC, abstractmethod
import math
from typing import Any

import torch
from torch import Tensor

from dap.dsp.noise import estimate_noise_std
from dap.metrics.distortion import si_sdr
from dap.tasks.task import Task

_GIVEN = ("task", "observation", "reference")  # what `start` gives a rule


class StoppingRule(ABC):
    """A rule, made anew for each fit.

    Attributes:
        blind: whether it does without the reference.
        step, estimate: its choice so far.
        statistic: the number by which it judged the last iterate, for the curves; None where it has none.
        done: whether its choice is final.
        reason: why, in words.
    """

    blind = True

    def __init__(self) -> None:
        self.step: int | None = None
        self.estimate: Tensor | None = None
        self.statistic: float | None = None
        self.done = False
        self.reason = "the last step was reached"

    def start(self, task: Task, observation: Tensor, reference: Tensor | None) -> None:  # noqa: B027  (most need nothing)
        """Before the first iterate; waveforms (channel, time)."""

    @abstractmethod
    def update(self, step: int, estimate: Tensor) -> None:
        """Look at the next iterate, and choose it or not."""

    def state_dict(self) -> dict[str, Any]:
        """What it has seen and chosen so far, plain values and tensors: all that it holds but what `start` gave it."""
        return {name: value for name, value in vars(self).items() if name not in _GIVEN}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where the rule whose state this was left off; after `start`."""
        vars(self).update(state)

    def choose(self, step: int, estimate: Tensor) -> None:
        self.step, self.estimate = step, estimate

    def finish(self, reason: str) -> None:
        self.done, self.reason = True, reason


class Fixed(StoppingRule):
    """The iterate at a given step, or the last.

    Args:
        step: null takes the last.

    >>> rule = Fixed(1)
    >>> for step in range(3):
    ...     rule.update(step, torch.tensor(step))
    >>> rule.step, rule.done
    (1, True)
    """

    def __init__(self, step: int | None = None) -> None:
        super().__init__()
        if step is not None and step < 0:
            raise ValueError(f"step must be at least 0 or null, got {step}")
        self.last = step

    def update(self, step: int, estimate: Tensor) -> None:
        if self.last is None or step <= self.last:
            self.choose(step, estimate)
        if step == self.last:
            self.finish(f"step {step} was asked for")


class Oracle(StoppingRule):
    """The iterate nearest to the reference, by SI-SDR: what a perfect rule could reach, and no blind rule may use."""

    blind = False

    def start(self, task: Task, observation: Tensor, reference: Tensor | None) -> None:
        if reference is None:
            raise ValueError("the oracle needs a reference, and this data has none (data.degraded=true)")
        self.reference = reference
        self.best = -math.inf

    def update(self, step: int, estimate: Tensor) -> None:
        self.statistic = si_sdr(estimate, self.reference)
        if self.statistic > self.best:
            self.best = self.statistic
            self.choose(step, estimate)


class Discrepancy(StoppingRule):
    """Morozov's principle: stop where what is left over, observation − observe(estimate), is as loud as the noise.

    By then some of the noise is in the estimate and some of the sound is not, so the best iterate's residual is a little
    quieter than the noise: hence the factor.

    Args:
        noise_std: σ of the noise, at the level that is worked at (data.peak); null takes what the task knows of it, or
            estimates it from the observation. Without noise (gaps, a lower rate) it lets the fit go on to the last step.
        factor: residual over σ at which to stop.

    Raises:
        ValueError: noise_std or factor not above 0.

    Reference: Morozov, 1966; for deep priors e.g. Jo et al., "Rethinking Deep Image Prior for Denoising", ICCV 2021.
    """

    def __init__(self, noise_std: float | None = None, factor: float = 0.95) -> None:
        super().__init__()
        if noise_std is not None and noise_std <= 0:
            raise ValueError(f"noise_std must be above 0 or null, got {noise_std}")
        if factor <= 0:
            raise ValueError(f"factor must be above 0, got {factor}")
        self.noise_std, self.factor = noise_std, factor

    def start(self, task: Task, observation: Tensor, reference: Tensor | None) -> None:
        self.task, self.observation = task, observation
        levels = (self.noise_std, task.known_noise_std(observation))
        self.level = next((level for level in levels if level is not None), None)
        if self.level is None:
            self.level = estimate_noise_std(observation)

    def update(self, step: int, estimate: Tensor) -> None:
        if self.level:
            residual = float((self.task.observe(estimate) - self.observation).square().mean().sqrt())
            self.statistic = residual / self.level
        if self.done:
            return
        self.choose(step, estimate)
        if self.statistic is not None:
            self.reason = f"the last step was reached, the residual at {self.statistic:.2f} of the noise level: try more steps"
            if self.statistic <= self.factor:
                self.finish(f"the residual fell to {self.factor:g} of the noise level {self.level:.4f} at step {step}")


class EMV(StoppingRule):
    """ES-EMV: the iterate around which the estimates vary least.

    An exponential mean of the estimates and of their squared distance to it; the distance is relative to the mean's power,
    without which the silence that a fit begins with would vary least. It is judged from step 1/α on, when the exponential
    means have seen as many estimates as they remember.

    Args:
        alpha: weight of the newest estimate, in (0, 1).
        patience: steps without a new minimum after which the choice is final.

    Raises:
        ValueError: alpha or patience out of range.

    Reference: Wang et al., "Early Stopping for Deep Image Prior", TMLR 2023, Algorithm 2.
    """

    def __init__(self, alpha: float = 0.1, patience: int = 100) -> None:
        super().__init__()
        if not 0 < alpha < 1:
            raise ValueError(f"alpha must be between 0 and 1, got {alpha}")
        if patience < 1:
            raise ValueError(f"patience must be at least 1 step, got {patience}")
        self.alpha, self.patience = alpha, patience
        self.mean: Tensor | None = None
        self.variance = 0.0
        self.lowest = math.inf

    def update(self, step: int, estimate: Tensor) -> None:
        if self.mean is None:
            self.mean = estimate.clone()
            self.choose(step, estimate)
            return
        difference = estimate - self.mean
        self.variance = (1 - self.alpha) * (self.variance + self.alpha * float(difference.square().mean()))
        self.mean += self.alpha * difference
        self.statistic = self.variance / max(float(self.mean.square().mean()), torch.finfo(torch.float32).tiny)
        if self.done:
            return
        if step < 1 / self.alpha:
            self.choose(step, estimate)
        elif self.statistic < self.lowest:
            self.lowest = self.statistic
            self.choose(step, estimate)
        elif step - (self.step or 0) >= self.patience:
            self.finish(f"the estimates varied least at step {self.step}, and {self.patience} steps brought no less")
