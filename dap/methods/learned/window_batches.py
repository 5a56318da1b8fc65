"""Batches of windows from a data set of any size: read a few stretches at a time, damaged on the way, mixed, all by a seed."""

from collections.abc import Iterator

import torch
from torch import Tensor

from dap.audio.windows import cut
from dap.data.draw import uniform
from dap.data.stretches import Stretches
from dap.methods.learned.restorer import gain_to
from dap.methods.update import Batch
from dap.tasks.task import Task


class WindowBatches:
    """(observation, reference) windows, each (batch, 1, window): channels are windows of their own.

    An epoch goes once through all stretches, in an order of its own. ``n_mixed`` of them are held at a time: read, damaged as
    a whole, cut into windows (the tail of a stretch is kept), and these mixed. What is drawn follows from the seed, the number
    of the epoch and the stretch; so every epoch has other noise, and there is no state to save.

    Args:
        stretches: of clean sound.
        task: damages them; recorded observations are taken as they are.
        window, hop: samples; of a stretch shorter than a window one, filled up with zeros.
        batch_size: windows; the last batch of an epoch may be smaller.
        seed: of the order and of the damage.
        n_batches: at most so many an epoch; None takes all.
        window_rms: level that each window's observation is scaled to, see `gain_to`; None leaves it.
        n_mixed: stretches that are held at a time.

    Raises:
        ValueError: settings out of range; while iterating, stretches that task or reader refuse.
    """

    def __init__(
        self,
        stretches: Stretches,
        task: Task,
        window: int,
        hop: int,
        batch_size: int,
        seed: int,
        n_batches: int | None = None,
        window_rms: float | None = None,
        n_mixed: int = 16,
    ) -> None:
        for name, number in (("batch_size", batch_size), ("n_batches", n_batches), ("n_mixed", n_mixed)):
            if number is not None and number < 1:
                raise ValueError(f"{name} must be at least 1, got {number}")
        self.stretches, self.task, self.window, self.hop, self.batch_size = stretches, task, window, hop, batch_size
        self.seed, self.n_batches, self.window_rms, self.n_mixed = seed, n_batches, window_rms, n_mixed

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from the batch ``first`` on; those before are read, and not given."""
        held: list[Tensor] = []  # (2, window) each: observation and reference
        given = 0
        for windows in self._mixtures(number):
            held += windows
            while len(held) >= self.batch_size and given != self.n_batches:
                if given >= first:
                    yield self._batch(held[: self.batch_size])
                held, given = held[self.batch_size :], given + 1
            if given == self.n_batches:
                return
        if held and given >= first:
            yield self._batch(held)

    def _mixtures(self, number: int) -> Iterator[list[Tensor]]:
        """The windows of ``n_mixed`` stretches after another, mixed."""
        order = torch.randperm(len(self.stretches), generator=self._generator(number, "order")).tolist()
        for begin in range(0, len(order), self.n_mixed):
            windows = [window for item in order[begin : begin + self.n_mixed] for window in self._windows(number, item)]
            mixed = torch.randperm(len(windows), generator=self._generator(number, "mixture", begin))
            yield [windows[index] for index in mixed.tolist()]

    def _windows(self, number: int, item: int) -> Iterator[Tensor]:
        """Those of a stretch, channel by channel."""
        reference, observation = self.stretches[item]
        rate, n_samples = self.stretches.sample_rate, reference.shape[-1]
        if observation is None:
            generator = self._generator(number, "damage", item)
            observation = self.task.at(rate, n_samples, generator).degrade(reference, generator)
        for pair in torch.stack([observation, reference], dim=1):  # (2, time) of each channel
            for _, window in cut([pair], self.window, self.hop):
                yield window

    def _generator(self, number: int, *what: object) -> torch.Generator:
        words = [str(number), *(str(word) for word in what)]
        return torch.Generator().manual_seed(int(uniform(self.seed, *words) * 2**53))

    def _batch(self, windows: list[Tensor]) -> Batch:
        together = torch.stack(windows)  # (batch, 2, window)
        together = together * gain_to(self.window_rms, together[:, :1])
        return together[:, :1], together[:, 1:]
