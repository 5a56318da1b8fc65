"""What restores a sound as it comes, so that it may be longer than memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
import json
from typing import Any

import torch
from torch import Tensor

from dap import __version__
from dap.audio.kept_windows import Around, Notes
from dap.methods.classical.window_facts import facts_of_windows
from dap.methods.iterate import Facts
from dap.methods.problem import Problem
from dap.running.api import blind_method

_STREAMED = ("denoise", "reverb")  # what is known of the other tasks (gaps, levels, a factor) is of the whole sound


class StreamRestorer(ABC):
    """Restores one sound after another, in memory that does not grow with them where the task allows it.

    Attributes:
        settings: what decides, beside the sound, what becomes of it.
        keeps: whether what becomes of a window is dear enough to be kept until the sound is done.
        peak: the level that the sound is to be scaled to first; None: its level is left.
        facts: what was found in the sound that was restored last, once all of it is.
    """

    settings: str
    keeps = False
    peak: float | None = None
    facts: Facts = {}  # noqa: RUF012 (replaced, never changed)

    @abstractmethod
    def restored(
        self, blocks: Iterable[Tensor], sample_rate: int, n_samples: int, around: Around | None = None
    ) -> tuple[Iterator[Tensor], int]:
        """The restored blocks and their rate, Hz; at the same rate as many samples as there were.

        Args:
            blocks: (channel, some samples) after another.
            sample_rate: Hz.
            n_samples: of each channel, in all.
            around: makes of what restores windows what does so and keeps them.

        Raises:
            ValueError: at once or with the blocks, where the sound cannot be restored.
        """


class BlindStream(StreamRestorer):
    """By method=restore: noise and reverberation window by window, anything else of the sound as a whole.

    Args:
        device: to run on.
        quality, strength: of method=restore.
        task: what was done to the sound, an option of configs/task.
        task_settings: in place of those in the task's file.

    Raises:
        ValueError: there is no such quality, task or setting, or it has no use.
    """

    keeps = True

    def __init__(
        self,
        device: str,
        quality: str = "default",
        task: str = "denoise",
        task_settings: dict[str, Any] | None = None,
        strength: float | None = None,
    ) -> None:
        self._method, self._task = blind_method(quality, task, task_settings, strength)
        self._method.check(self._task)
        self._device = device
        self.settings = json.dumps([__version__, quality, task, task_settings or {}, strength, device])

    def restored(
        self, blocks: Iterable[Tensor], sample_rate: int, n_samples: int, around: Around | None = None
    ) -> tuple[Iterator[Tensor], int]:
        """As `StreamRestorer.restored`."""
        here = (block.to(self._device) for block in blocks)
        if self._task.name in _STREAMED:
            return self._by_windows(here, sample_rate, n_samples, around), sample_rate
        observation, rate = self._task.receive(torch.cat(list(here), dim=-1), sample_rate)
        return self._whole(observation, rate), rate

    def _by_windows(
        self, blocks: Iterable[Tensor], sample_rate: int, n_samples: int, around: Around | None
    ) -> Iterator[Tensor]:
        notes: Notes = []
        task = self._task.at(sample_rate, n_samples, None)
        yield from self._method.stream_windows(blocks, task, sample_rate, n_samples, notes, around)
        self.facts = facts_of_windows(notes)

    def _whole(self, observation: Tensor, rate: int) -> Iterator[Tensor]:
        task = self._task.at(rate, observation.shape[-1], None)
        *_, iterate = self._method.restore(Problem(observation, task, rate))
        yield task.finish(iterate.estimate, observation)
        self.facts = {**task.facts, **iterate.facts}
