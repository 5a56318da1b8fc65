"""The sounds of a data set in stretches of some seconds, so that memory does not grow with the length of a file."""

from collections.abc import Sequence
from functools import lru_cache

from torch import Tensor

from dap.data.clip import Dataset
from dap.data.place import Place


class Stretches:
    """Parts of clean sounds, each read when it is asked for, at the level that its whole clip is worked at.

    Clips that tell their place in a file are read part by part; others (tones, recorded pairs) are one stretch each.

    Args:
        dataset: of clips that are not damaged.
        indices: which of its clips.
        seconds: the longest stretch.

    Attributes:
        sample_rate: Hz, of all of them.

    Raises:
        ValueError: no clip, files of several rates where no rate is asked for, or a file that cannot be read.

    >>> from dap.data.demo import Demo
    >>> stretches = Stretches(Demo(sample_rate=8000), [0], seconds=0.5)
    >>> len(stretches), stretches[0][0].shape, stretches.sample_rate
    (5, torch.Size([1, 3542]), 8000)
    """

    def __init__(self, dataset: Dataset, indices: Sequence[int], seconds: float) -> None:
        if not indices:
            raise ValueError("no clip to take stretches of")
        self.dataset = dataset
        self.items: list[tuple[int, float, float]] = []  # index of the clip; start and length in s
        rates: dict[int, str] = {}
        for index in indices:
            place = place_of(dataset, index)
            if place is None:
                self.items.append((index, 0.0, 0.0))
                rates.setdefault(dataset[index].sample_rate, dataset.names[index])
            else:
                self.items += [(index, *part) for part in place.parts(seconds)]
                rates.setdefault(place.rate, dataset.names[index])
        if len(rates) > 1:
            found = ", ".join(f"{rate} Hz ({name})" for rate, name in list(rates.items())[:3])
            raise ValueError(f"the files differ in rate: {found}; set data.sample_rate, which they are brought to")
        (self.sample_rate,) = rates
        self._gain = lru_cache(maxsize=None)(self._gain_of)  # one number a clip

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, item: int) -> tuple[Tensor, Tensor | None]:
        """The reference, (channel, time), and the observation where one was recorded too."""
        index, start, seconds = self.items[item]
        place = place_of(self.dataset, index)
        if place is None:
            clip = self.dataset[index]
            return clip.waveform, clip.observation
        return place.read(start, seconds) * self._gain(index), None

    def _gain_of(self, index: int) -> float:
        place = place_of(self.dataset, index)
        return 1.0 if place is None else place.gain()


def place_of(dataset: Dataset, index: int) -> Place | None:
    """Where the sound of a clip lies; None for a data set that does not tell."""
    tell = getattr(dataset, "place", None)
    return None if tell is None else tell(index)
