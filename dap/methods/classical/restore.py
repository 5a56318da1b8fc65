"""The best blind restoration that dap has, for a sound of any length and each task."""

from collections.abc import Callable, Iterable, Iterator
import copy

import torch
from torch import Tensor

from dap.audio.windows import Layout, by_windows
from dap.methods.classical.declip import Declip
from dap.methods.classical.filter_bank import FilterBank, facts_of_windows
from dap.methods.iterate import Facts, Iterate
from dap.methods.method import Method
from dap.methods.problem import Problem
from dap.tasks.chain import Chain
from dap.tasks.clipping import Clipping
from dap.tasks.denoise import Denoise
from dap.tasks.inpainting import Inpainting
from dap.tasks.quantization import Quantization
from dap.tasks.super_resolution import SuperResolution
from dap.tasks.task import Task

QUALITIES = ("fast", "default", "best")
Process = Callable[[Tensor], Tensor]


class Restore(Method):
    """Each task by what restored best on clips that nothing was tuned on, told nothing but the observation.

    denoise: where tops are flat they are declipped, and then the filter bank, window by window; clipping: the sparsest sound
    that fits, window by window; quantization: smoothing between the cells; inpainting: autoregressive
    interpolation, blended with a deep prior at the best quality; super_resolution: a faint copy of the upper octave. A chain
    is restored from its last stage back to the first.

    Args:
        filters: against noise.
        levels: against quantisation.
        gaps: for inpainting.
        prior: for inpainting at quality "best": minutes instead of seconds.
        band: for super_resolution.
        tops: for clipping, and for denoise where a window's tops are flat; what is restored is then louder at its peak.
        quality: "fast" leaves the frames that follow a gliding pitch out of the filters, and declips with one length of
            frames; "default"; "best".
        window_seconds: longest part that is worked on at once; memory grows with it, not with the sound.
        overlap_seconds: of one window with the next.
        fade_seconds: in which one goes over into the next, in the middle of the overlap.
        declip: whether flat tops are looked for where the task is denoise.

    Raises:
        ValueError: settings out of range; from `restore`, whatever the method of the task cannot use.

    >>> from dap.methods.problem import Problem
    >>> from dap.methods.classical.filter_bank import FilterBank
    >>> noise = 0.1 * torch.randn(1, 24000, generator=torch.Generator().manual_seed(0))
    >>> method = Restore(FilterBank(), *[FilterBank()] * 4, Declip(), window_seconds=1.0, overlap_seconds=0.5)
    >>> estimate = next(method.restore(Problem(noise, Denoise(noise_std=0.1), 16000))).estimate
    >>> estimate.shape, bool(estimate.std() < 0.01)                               # noise alone: 20 dB less of it
    (torch.Size([1, 24000]), True)
    """

    def __init__(
        self,
        filters: FilterBank,
        levels: Method,
        gaps: Method,
        prior: Method,
        band: Method,
        tops: Declip,
        quality: str = "default",
        window_seconds: float = 4.0,
        overlap_seconds: float = 1.0,
        fade_seconds: float = 0.25,
        declip: bool = True,
    ) -> None:
        super().__init__()
        if quality not in QUALITIES:
            raise ValueError(f"quality must be one of {', '.join(QUALITIES)}, got {quality!r}")
        self.filters, self.levels, self.gaps, self.prior, self.band = filters, levels, gaps, prior, band
        self.tops, self.declip = tops, declip
        if quality == "fast":
            self.filters, self.tops = copy.copy(filters), copy.copy(tops)
            self.filters.chirp_seconds = ()
            self.tops.frame_seconds = tops.frame_seconds[len(tops.frame_seconds) // 2 :][:1]
        self.quality, self.threaded = quality, quality == "best"  # which fits a prior
        self.layout = Layout(window_seconds, overlap_seconds, fade_seconds)

    def restore(self, problem: Problem) -> Iterator[Iterate]:
        """The one estimate, made at once. What the facts say of noise and weights is of the recording, not of one window."""
        estimate, facts = self._restored(problem)
        return iter([Iterate(0, None, estimate, facts={"quality": self.quality, **facts})])

    def denoised(
        self, blocks: Iterable[Tensor], sample_rate: int, n_samples: int, around: Callable[[Process], Process] | None = None
    ) -> Iterator[Tensor]:
        """A noisy stream restored as it comes: as long as it was, in memory that does not grow with it.

        Args:
            blocks: (channel, some samples) after another.
            sample_rate: Hz.
            n_samples: of each channel: a stream shorter than a window is one.
            around: makes of what restores a window, (channel, time), what does so and keeps it.
        """
        return self._by_windows(blocks, Denoise(noise_std=0.0), sample_rate, n_samples, [], around)

    def _restored(self, problem: Problem) -> tuple[Tensor, Facts]:
        observation, task, sample_rate = problem.observation, problem.task, problem.sample_rate
        if isinstance(task, Chain):
            facts: Facts = {}
            for stage in reversed(task.tasks):
                estimate, found = self._restored(Problem(observation, stage, sample_rate))
                observation, facts = stage.finish(estimate, observation), facts | found
            return observation, facts
        if isinstance(task, Inpainting):
            return _last(self.prior if self.quality == "best" else self.gaps, problem)
        if isinstance(task, SuperResolution):
            return _last(self.band, problem)
        if isinstance(task, Quantization):
            return _last(self.levels, problem)
        if not task.identity and not isinstance(task, Clipping):
            raise ValueError(f"restore knows no way to restore {type(task).__name__}: take another method")
        windows: list[Facts] = []
        blocks = list(self._by_windows([observation], task, sample_rate, observation.shape[-1], windows))
        return torch.cat(blocks, dim=-1), facts_of_windows(windows)

    def _by_windows(
        self,
        blocks: Iterable[Tensor],
        task: Task,
        sample_rate: int,
        n_samples: int,
        facts: list[Facts],
        around: Callable[[Process], Process] | None = None,
    ) -> Iterator[Tensor]:
        """The restored blocks; ``facts`` gets those of each window that the filters had."""

        def process(window: Tensor) -> Tensor:
            if isinstance(task, Clipping):
                return self.tops.estimate(Problem(window, task, sample_rate))
            if self.declip and isinstance(task, Denoise):
                window = self.tops.declipped(window, sample_rate)
            estimate, found = _last(self.filters, Problem(window, task, sample_rate))
            facts.append(found)
            return estimate

        layout = self.layout.samples(sample_rate, n_samples)
        yield from by_windows(blocks, process if around is None else around(process), *layout)


def _last(method: Method, problem: Problem) -> tuple[Tensor, Facts]:
    *_, iterate = method.restore(problem)
    return iterate.estimate, iterate.facts
