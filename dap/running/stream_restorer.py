"""What restores a sound as it comes, so that it may be longer than memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from torch import Tensor

from dap import __version__
from dap.audio.kept_windows import Around
from dap.running.api import blind_method


class StreamRestorer(ABC):
    """Restores a sound in memory that does not grow with it.

    Attributes:
        peak: the level that the sound is to be scaled to first; None: its level is left.
        settings: what decides, beside a window and the rate, what becomes of the window, where that is dear enough to be kept
            until the sound is done; None: it is not.
    """

    peak: float | None = None
    settings: str | None = None

    def rate_of(self, sample_rate: int) -> int:
        """The rate of what a sound of this rate becomes, both in Hz."""
        return sample_rate

    @abstractmethod
    def restored(
        self,
        blocks: Iterable[Tensor],
        sample_rate: int,
        n_samples: int,
        around: Around | None = None,
    ) -> Iterator[Tensor]:
        """The restored blocks; at the same rate as many samples as there were.

        Args:
            blocks: (channel, some samples) after another.
            sample_rate: Hz.
            n_samples: of each channel, in all.
            around: makes of what restores windows what does so and keeps them.
        """


class BlindStream(StreamRestorer):
    """By method=restore.

    Args:
        quality: of method=restore.
        device: to run on.

    Raises:
        ValueError: there is no such quality.
    """

    def __init__(self, quality: str, device: str) -> None:
        self._method, _ = blind_method(quality)
        self._device = device
        self.settings = f"{__version__} {quality} {device}"

    def restored(
        self,
        blocks: Iterable[Tensor],
        sample_rate: int,
        n_samples: int,
        around: Around | None = None,
    ) -> Iterator[Tensor]:
        """As `StreamRestorer.restored`."""
        return self._method.denoised((block.to(self._device) for block in blocks), sample_rate, n_samples, around)
