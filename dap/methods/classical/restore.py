"""The best blind restoration that dap has, for a sound of any length and each task."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
import math

import torch
from torch import Tensor

from dap.audio.kept_windows import Around, Notes
from dap.audio.windows import Layout, by_windows
from dap.methods.classical.window_facts import facts_of_windows
from dap.methods.iterate import Facts
from dap.methods.method import Method
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.task import Task

QUALITIES = ("fast", "default", "best")
_SOFTENED = ("denoise", "reverb")  # tasks of which less than all may be taken away


class Restore(OneShot):
    """Each task by the method that restored best on clips that nothing was tuned on, told nothing but the observation.

    A chain is restored from its last stage back to the first.

    Args:
        parts: the method of each task, by the task's name.
        fast, best: of some tasks, the method at that quality in its place.
        windowed: tasks that are restored window by window; the others' methods bound their memory themselves.
        quality: "fast", "default" or "best".
        strength: of noise and reverberation, the largest attenuation in dB: what is taken away comes back at this level below
            what it was. 0 leaves the sound as it is, None takes away all that is found.
        window_seconds: longest part that is worked on at once; memory grows with it, not with the sound.
        overlap_seconds: of one window with the next.
        fade_seconds: in which one goes over into the next, in the middle of the overlap.

    Raises:
        ValueError: settings out of range, a part that does not restore its task; from `restore`, whatever the part cannot use.

    >>> from dap.methods.problem import Problem
    >>> from dap.methods.classical.filter_bank import FilterBank
    >>> from dap.tasks.denoise import Denoise
    >>> noise = 0.1 * torch.randn(1, 24000, generator=torch.Generator().manual_seed(0))
    >>> method = Restore({"denoise": FilterBank()}, {}, {}, ["denoise"], window_seconds=1.0, overlap_seconds=0.5)
    >>> estimate = next(method.restore(Problem(noise, Denoise(noise_std=0.1), 16000))).estimate
    >>> estimate.shape, bool(estimate.std() < 0.01)                               # noise alone: 20 dB less of it
    (torch.Size([1, 24000]), True)
    """

    def __init__(
        self,
        parts: Mapping[str, Method],
        fast: Mapping[str, Method],
        best: Mapping[str, Method],
        windowed: Sequence[str],
        quality: str = "default",
        strength: float | None = None,
        window_seconds: float = 4.0,
        overlap_seconds: float = 1.0,
        fade_seconds: float = 0.25,
    ) -> None:
        super().__init__()
        if quality not in QUALITIES:
            raise ValueError(f"quality must be one of {', '.join(QUALITIES)}, got {quality!r}")
        if strength is not None and not (math.isfinite(strength) and strength >= 0):
            raise ValueError(f"strength must be a finite number of dB, at least 0, or null, got {strength}")
        others: dict[str, Mapping[str, Method]] = {"fast": fast, "default": {}, "best": best}
        self.parts = {**parts, **others[quality]}
        for task, part in self.parts.items():
            if part.tasks is not None and task not in part.tasks:
                raise ValueError(f"{type(part).__name__} cannot be the part of {task}: it restores {', '.join(part.tasks)}")
        self.tasks, self.windowed, self.quality = frozenset(self.parts), frozenset(windowed), quality
        if not self.windowed <= self.tasks:
            raise ValueError(f"windowed must be of {', '.join(self.parts)}, got {', '.join(windowed)}")
        self.threaded = any(part.threaded for part in self.parts.values())
        self.strength = strength
        self.layout = Layout(window_seconds, overlap_seconds, fade_seconds)

    def check(self, task: Task) -> None:
        """As `Method.check`; a strength is for noise and reverberation alone."""
        super().check(task)
        if self.strength is not None and not task.names & set(_SOFTENED):
            raise ValueError(
                f"strength is of task={' or '.join(_SOFTENED)}, and the task is {' and '.join(sorted(task.names))}"
            )

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate. What the facts say of noise and weights is of the recording, not of one window."""
        *others, last = problem.task.stages
        observation, facts = self._restored(replace(problem, task=last))
        for stage in reversed(others):
            observation, last = last.finish(observation, problem.observation), stage
            problem = replace(problem, observation=observation)
            observation, found = self._restored(replace(problem, task=stage))
            facts |= found
        return observation, {"quality": self.quality, **facts}

    def stream_windows(
        self,
        blocks: Iterable[Tensor],
        task: Task,
        sample_rate: int,
        n_samples: int,
        notes: Notes,
        around: Around | None = None,
    ) -> Iterator[Tensor]:
        """A stream restored as it comes: as long as it was, in memory that does not grow with it.

        Args:
            blocks: (channel, some samples) after another.
            task: one of ``windowed``, at the sound.
            sample_rate: Hz.
            n_samples: of each channel: a stream shorter than a window is one.
            notes: gets the facts of each window.
            around: makes of what restores a window, (channel, time), what does so and keeps it.
        """

        def process(window: Tensor) -> Tensor:
            estimate, facts = self._by_part(Problem(window, task, sample_rate))
            notes.append(facts)
            return estimate

        layout = self.layout.samples(sample_rate, n_samples)
        yield from by_windows(blocks, process if around is None else around(process, notes), *layout)

    def _restored(self, problem: Problem) -> tuple[Tensor, Facts]:
        """Of one stage."""
        observation, task = problem.observation, problem.task
        if task.name not in self.windowed:
            return self._by_part(problem)
        notes: Notes = []
        blocks = list(self.stream_windows([observation], task, problem.sample_rate, observation.shape[-1], notes))
        return torch.cat(blocks, dim=-1), facts_of_windows(notes)

    def _by_part(self, problem: Problem) -> tuple[Tensor, Facts]:
        """By the task's method, and no further than the strength lets it."""
        *_, iterate = self.parts[problem.task.name].restore(problem)
        if self.strength is None or problem.task.name not in _SOFTENED:
            return iterate.estimate, iterate.facts
        return iterate.estimate.lerp(problem.observation, 10 ** (-self.strength / 20)), iterate.facts
