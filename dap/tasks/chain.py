"""Several degradations, one after another."""

import copy
import math

import torch
from torch import Tensor

from dap.tasks.task import Task


class Chain(Task):
    """observation = T_n(… T_2(T_1(reference))).

    In the data term the stages are observed one after another. `finish` goes back from the last stage to the first: with
    u_k the estimate as the stages up to k observe it, stage k turns u_{k−1} and what is known of its own output into what is
    known of its input. So nothing passes for certain that a stage further on made uncertain: gaps and then noise paste no
    noise back, gaps and then a quantiser paste the estimate clamped into its cells.

    Args:
        tasks: the stages, first to last.

    Raises:
        ValueError: no stage, or one that is no task.

    >>> from dap.tasks.denoise import Denoise
    >>> from dap.tasks.quantization import Quantization
    >>> chain = Chain([Denoise(noise_std=0.0), Quantization(n_levels=2)])
    >>> chain.degrade(torch.tensor([[-0.3, 0.9]]), torch.Generator()).tolist()
    [[-0.5, 0.5]]
    """

    def __init__(self, tasks: list[Task]) -> None:
        super().__init__()
        if not tasks:
            raise ValueError("tasks must be at least one task, got none")
        for task in tasks:
            if not isinstance(task, Task):
                raise ValueError(f"tasks must be tasks, each with its _target_, got {task!r}")
        self.tasks = tasks
        self.identity, self.local = (all(getattr(task, name) for task in tasks) for name in ("identity", "local"))

    @property
    def stages(self) -> list[Task]:
        """Those of its tasks."""
        return [stage for task in self.tasks for stage in task.stages]

    def receive(self, damaged: Tensor, sample_rate: int) -> tuple[Tensor, int]:
        """What the stages, last to first, take the damaged sound for, and at which rate."""
        for task in reversed(self.tasks):
            damaged, sample_rate = task.receive(damaged, sample_rate)
        return damaged, sample_rate

    def at(self, sample_rate: int, n_samples: int, generator: torch.Generator | None) -> Task:
        """The chain of the stages at this clip."""
        return self._of([task.at(sample_rate, n_samples, generator) for task in self.tasks])

    def part(self, start: int, stop: int) -> Task:
        """The chain of the stages at this part."""
        return self._of([task.part(start, stop) for task in self.tasks])

    def _of(self, tasks: list[Task]) -> "Chain":
        """The chain of these, which know their clip."""
        chain = copy.copy(self)
        chain.tasks = tasks
        chain.facts = {f"stage_{index}_{name}": value for index, task in enumerate(tasks) for name, value in task.facts.items()}
        gaps = [task.missing for task in tasks if task.missing is not None]
        chain.missing = torch.stack(gaps).any(0) if gaps else None
        return chain

    def known_noise_std(self, observation: Tensor) -> float | None:
        """That of all stages together, where each is known."""
        levels = [task.known_noise_std(observation) for task in self.tasks]
        known = [level for level in levels if level is not None]
        return math.hypot(*known) if len(known) == len(levels) else None

    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """The reference, (channel, time), degraded by one stage after another."""
        for task in self.tasks:
            reference = task.degrade(reference, generator)
        return reference

    def observe(self, estimate: Tensor) -> Tensor:
        """The estimate as all stages observe it, without noise."""
        for task in self.tasks:
            estimate = task.observe(estimate)
        return estimate

    def align(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """The estimate as the first stage, whose reference this is, would have it."""
        return self.tasks[0].align(estimate, reference)

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """The estimate made consistent with what the observation tells for certain through all stages."""
        inputs = [estimate]  # of each stage
        for task in self.tasks[:-1]:
            inputs.append(task.observe(inputs[-1]))
        for task, its_input in zip(reversed(self.tasks), reversed(inputs), strict=True):
            observation = task.finish(its_input, observation)
        return observation
