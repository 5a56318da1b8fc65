"""What every task offers: deepinv's y = sensor(noise(A x)), and what is known about its inverse."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

NOISY = frozenset({"denoise", "quantization"})  # names of the tasks whose observation is the sound plus something, everywhere


class Task(ABC):
    """A degradation, and what is known about its inverse. Waveforms are (channel, time), with any leading dimensions.

    A task as it is configured knows no clip: `at` gives the task for one of them, and the other methods are that one's.

    Attributes:
        name: as in ``task=``, by which a method knows whether it can restore it. A task of one's own has its own, or that of
            the task that it is a kind of.
        identity: whether observe is the identity: then the data term may compare the network's own maps, synthesis left out.
        local: whether what is observed of a part is that part of what is observed, wherever the part begins.
        facts: what run.json says about the task at this clip.
        missing: (time,), True for each sample that was not observed; None where none is known to be missing.
    """

    name = "unnamed"
    identity = False
    local = False

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.missing: Tensor | None = None

    @property
    def stages(self) -> "list[Task]":
        """The degradations that it is made of, first to last."""
        return [self]

    @property
    def names(self) -> frozenset[str]:
        """Those of its stages."""
        return frozenset(stage.name for stage in self.stages)

    def receive(self, damaged: Tensor, sample_rate: int) -> tuple[Tensor, int]:
        """The observation that a sound damaged elsewhere stands for, and its rate in Hz; before `at`.

        Raises:
            ValueError: the sound cannot be an observation of this task.
        """
        return damaged, sample_rate

    def at(self, sample_rate: int, n_samples: int, generator: torch.Generator | None) -> "Task":
        """The task for a clip of this rate (Hz) and length: what depends on these is settled in it.

        Args:
            generator: for what is drawn; None where the clip is damaged already and nothing may be drawn.

        Raises:
            ValueError: settings and clip do not fit each other.
        """
        return self

    def part(self, start: int, stop: int) -> "Task":
        """Of a task at a clip: that of the clip's samples from ``start`` up to ``stop``.

        Raises:
            ValueError: what is observed of a part does not come from that part alone.
        """
        if not self.local:
            raise ValueError(f"task={self.name} cannot be cut into windows: take a stretch as one (data.seconds)")
        return self

    def known_noise_std(self, observation: Tensor) -> float | None:
        """Standard deviation of observation − observe(reference), where the task knows it without the reference."""
        return 0.0

    def posed(self, observation: Tensor) -> "tuple[Task, Tensor]":
        """Task and observation as a method meets them: of what is known but in other terms, the sound itself; idempotent."""
        return self, observation

    @abstractmethod
    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """The observation of a clean reference, of the same shape (less the dimension of the sources, where it has one)."""

    @abstractmethod
    def observe(self, estimate: Tensor) -> Tensor:
        """What the estimate would be observed as, without noise; differentiable, used in the data term."""

    def unobserved(self, estimate: Tensor) -> Tensor:
        """What of the estimate the observation does not tell of; differentiable."""
        return estimate - self.observe(estimate)

    def align(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """The estimate as it is to be held against the reference: in another order, where its order means nothing."""
        return estimate

    @abstractmethod
    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """The estimate made consistent with what the observation tells for certain; idempotent."""
