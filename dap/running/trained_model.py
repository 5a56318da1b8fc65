"""A trained model at work on streams of any rate."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from dap.audio.kept_windows import Around
from dap.audio.same_length import same_length
from dap.dsp.rate_stream import at_another_rate, resample_stream
from dap.methods.method import Method
from dap.record.trained import NAME, read_trained
from dap.running.parts import make_part
from dap.running.stream_restorer import StreamRestorer
from dap.tasks.task import Task


class TrainedModel(StreamRestorer):
    """Restores streams with what was trained: those of the low rate that its task takes come at its own, others at theirs.

    On the way through the model a stream of another rate loses what lies above half of the lower rate.

    Args:
        path: best.pt, or the folder that it lies in.
        device: to run on.
        trust: packages, beside dap, whose classes it may be made of.

    Raises:
        ValueError: there is no such file, or settings or weights in it that do not make a model.
    """

    def __init__(self, path: Path, device: str, trust: Sequence[str] = ()) -> None:
        trained = read_trained(path / NAME if path.is_dir() else path)
        self.method: Method = make_part("method", {**trained.method, "device": device}, trust)
        self.task: Task = make_part("task", trained.task, trust)
        self.method.load(trained.weights, trained.facts)
        self.sample_rate = trained.sample_rate
        self.peak = None if self.method.level_free else trained.peak

    def rate_of(self, sample_rate: int) -> int:
        """The model's, of a rate that the task takes a damaged sound of for one of the model's; else the same."""
        low = sample_rate != self.sample_rate and self.task.receive(torch.zeros(1, 8), sample_rate)[1] == self.sample_rate
        return self.sample_rate if low else sample_rate

    def restored(
        self,
        blocks: Iterable[Tensor],
        sample_rate: int,
        n_samples: int,
        around: Around | None = None,
    ) -> Iterator[Tensor]:
        """As `StreamRestorer.restored`."""
        del n_samples
        if self.rate_of(sample_rate) != sample_rate:

            def received(part: Tensor) -> Tensor:
                return self.task.receive(part, sample_rate)[0]

            return self.method.stream(at_another_rate(blocks, received, sample_rate, self.sample_rate), around)

        def at_its_rate(stream: Iterable[Tensor]) -> Iterator[Tensor]:
            there = self.method.stream(resample_stream(stream, sample_rate, self.sample_rate), around)
            return resample_stream(there, self.sample_rate, sample_rate)

        return same_length(blocks, at_its_rate)  # where the rates leave a remainder too
