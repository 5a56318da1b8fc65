"""Batches of pairs of excerpts to be mixed: what Mix-and-Separate trains on."""

from collections.abc import Iterator

import torch

from dap.data.draw import uniform
from dap.data.instruments import Sound, draw_excerpt
from dap.methods.update import Batch


class MixtureBatches:
    """Batches of sources (batch, 2, time): an excerpt of the target, and one of another instrument at another level.

    Args:
        sounds: of each instrument, what may be drawn from.
        target: its name; all the others are drawn alike.
        n_samples: length of an excerpt.
        batch_size: pairs in a batch.
        n_batches: in an epoch.
        level_db: the other's level over the target's is drawn from ±level_db.
        seed: with the numbers of epoch and batch it decides what is drawn.

    >>> sounds = {name: [Sound(name, torch.randn(100))] for name in ("violin", "congas")}
    >>> batches = MixtureBatches(sounds, "violin", n_samples=50, batch_size=3, n_batches=2)
    >>> [batch[0].shape for batch in batches.epoch(0)]
    [torch.Size([3, 2, 50]), torch.Size([3, 2, 50])]
    """

    def __init__(
        self,
        sounds: dict[str, list[Sound]],
        target: str,
        n_samples: int,
        batch_size: int,
        n_batches: int,
        level_db: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.sounds, self.target, self.n_samples = sounds, target, n_samples
        self.others = [name for name in sounds if name != target]
        self.batch_size, self.n_batches, self.level_db, self.seed = batch_size, n_batches, level_db, seed

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, from the batch ``first`` on."""
        for index in range(first, self.n_batches):
            drawn = uniform(self.seed, "mixtures", str(number), str(index))
            generator = torch.Generator().manual_seed(int(drawn * 2**53))
            yield (torch.stack([self._pair(generator) for _ in range(self.batch_size)]),)

    def _pair(self, generator: torch.Generator) -> torch.Tensor:
        other = self.others[int(torch.randint(len(self.others), (1,), generator=generator))]
        level = self.level_db * (2 * float(torch.rand(1, generator=generator)) - 1)
        _, target = draw_excerpt(self.sounds[self.target], self.n_samples, generator)
        _, disturbing = draw_excerpt(self.sounds[other], self.n_samples, generator)
        return torch.stack([target, 10 ** (level / 20) * disturbing])  # (2, time)
