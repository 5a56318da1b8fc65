"""A trained model at work on streams of any rate."""

from collections.abc import Iterable, Iterator, Sequence
import hashlib
from pathlib import Path

import torch
from torch import Tensor

from dap import __version__
from dap.audio.kept_windows import Around
from dap.audio.same_length import same_length
from dap.dsp.rate_stream import at_another_rate, resample_stream
from dap.layers.precision import multiplies_bfloat16
from dap.methods.method import Method
from dap.record.trained import NAME, read_trained
from dap.running.parts import make_part
from dap.running.stream_restorer import StreamRestorer
from dap.tasks.task import Task


class TrainedModel(StreamRestorer):
    """Restores streams with what was trained: those of the low rate that its task takes come at its own, others at theirs.

    A model that was trained in bfloat16 restores in float32 where the device does not multiply it: its weights are float32.
    On the way through the model a stream of another rate loses what lies above half of the lower rate.

    Args:
        path: best.pt, or the folder that it lies in.
        device: to run on.
        trust: packages, beside dap, whose classes it may be made of.

    Raises:
        ValueError: there is no such file, or settings or weights in it that do not make a model.
    """

    def __init__(self, path: Path, device: str, trust: Sequence[str] = ()) -> None:
        path = path / NAME if path.is_dir() else path
        trained = read_trained(path)
        precision = _precision_here(trained.method.get("precision", "float32"), device)
        self.settings = f"{__version__} {device} {precision} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        here = {"device": device, **({"precision": precision} if "precision" in trained.method else {})}
        self.method: Method = make_part("method", {**trained.method, **here}, trust)
        self.task: Task = make_part("task", trained.task, trust)
        self.method.load(trained.weights, trained.facts)
        self.sample_rate = trained.sample_rate
        self.peak = None if self.method.level_free else trained.peak

    def restored(
        self, blocks: Iterable[Tensor], sample_rate: int, n_samples: int, around: Around | None = None
    ) -> tuple[Iterator[Tensor], int]:
        """As `StreamRestorer.restored`; what has the low rate that its task takes gets the model's."""
        del n_samples
        if sample_rate != self.sample_rate and self.task.receive(torch.zeros(1, 8), sample_rate)[1] == self.sample_rate:

            def received(part: Tensor) -> Tensor:
                return self.task.receive(part, sample_rate)[0]

            return self.method.stream(
                at_another_rate(blocks, received, sample_rate, self.sample_rate), around
            ), self.sample_rate

        def at_its_rate(stream: Iterable[Tensor]) -> Iterator[Tensor]:
            there = self.method.stream(resample_stream(stream, sample_rate, self.sample_rate), around)
            return resample_stream(there, self.sample_rate, sample_rate)

        return same_length(blocks, at_its_rate), sample_rate  # where the rates leave a remainder too


def _precision_here(trained: str, device: str) -> str:
    return "float32" if trained == "bfloat16" and not multiplies_bfloat16(torch.device(device).type) else trained
