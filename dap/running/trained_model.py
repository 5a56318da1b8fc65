"""A trained model at work on streams of any rate."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from dap.audio.same_length import same_length
from dap.config.build import build
from dap.dsp.rate_stream import at_another_rate, resample_stream
from dap.methods.learned.supervised import Supervised
from dap.record.trained import Trained
from dap.tasks.task import Task


class TrainedModel:
    """Restores streams with what was trained.

    Args:
        trained: the file's content.
        device: to run on.
        trust: packages, beside dap, whose classes it may be made of.

    Raises:
        ValueError: settings or weights that do not make a model.
    """

    def __init__(self, trained: Trained, device: str, trust: Sequence[str] = ()) -> None:
        method: Any = build({**trained.method, "device": device}, "method", trust)
        if not isinstance(method, Supervised):
            raise ValueError(f"method._target_: expected a trained method, got {trained.method.get('_target_')!r}")
        self.method: Supervised = method
        self.task: Task = build(trained.task, "task", trust)
        self.sample_rate, self.peak = trained.sample_rate, trained.peak
        method.load(trained.weights, {})

    @property
    def wants_peak(self) -> float | None:
        """The level that sounds are to be scaled to first; None where windows are scaled one by one, or not at all."""
        return self.peak if self.method.window_rms is None else None

    def restored(self, blocks: Iterable[Tensor], sample_rate: int) -> tuple[Iterator[Tensor], int]:
        """A stream restored: of the model's rate where it is one of the low rate that the task makes, else of its own.

        On the way through the model a stream of another rate loses what lies above half of the lower rate.

        Args:
            blocks: (channel, some samples) after another, at the level that `wants_peak` says.
            sample_rate: Hz.

        Returns:
            The blocks, and their rate in Hz. At its own rate the stream is as long as it was.
        """
        if self._is_low(sample_rate):
            raised = at_another_rate(
                blocks, lambda part: self.task.receive(part, sample_rate)[0], sample_rate, self.sample_rate
            )
            return self.method.restored(raised), self.sample_rate

        def at_its_rate(stream: Iterable[Tensor]) -> Iterator[Tensor]:
            there = self.method.restored(resample_stream(stream, sample_rate, self.sample_rate))
            return resample_stream(there, self.sample_rate, sample_rate)

        return same_length(blocks, at_its_rate), sample_rate  # where the rates leave a remainder too

    def _is_low(self, sample_rate: int) -> bool:
        """Whether the task takes a damaged sound of this rate for one of the model's rate."""
        return sample_rate != self.sample_rate and self.task.receive(torch.zeros(1, 8), sample_rate)[1] == self.sample_rate
