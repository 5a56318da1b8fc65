"""Sound files restored block by block, so that they may be longer than memory, with a bar that says how long it takes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
import contextlib
import glob
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from dap import __version__
from dap.audio.kept_windows import KeptWindows
from dap.audio.sound_file import read_length
from dap.audio.stream import stream_audio, write_audio_stream
from dap.record.trained import NAME, read_trained
from dap.running.api import blind_method
from dap.running.trained_model import TrainedModel

_BAR = "{desc}: {percentage:3.0f} %|{bar}| {n:.0f} of {total:.0f} s of sound, {remaining} left"


class FileRestorer(ABC):
    """Restores sound files of any length."""

    @abstractmethod
    def restore(self, file: Path, target: Path) -> None:
        """Write the restoration of a file, whole or not at all.

        Raises:
            ValueError: the file cannot be read or restored. OSError: it cannot be written.
        """


class ModelFiles(FileRestorer):
    """By a trained model.

    Args:
        checkpoint: best.pt, or the folder that it lies in.
        device: to run on.
        trust: packages, beside dap, whose classes it may be made of.

    Raises:
        ValueError: there is no such model.
    """

    def __init__(self, checkpoint: Path, device: str, trust: Sequence[str] = ()) -> None:
        self._model = TrainedModel(read_trained(checkpoint / NAME if checkpoint.is_dir() else checkpoint), device, trust)

    def restore(self, file: Path, target: Path) -> None:
        """As `FileRestorer.restore`; the level goes to the one that the model was trained at, and back."""
        n_samples, rate = read_length(file)
        wanted = self._model.wants_peak
        highest = 0.0 if wanted is None else max(float(block.abs().max()) for block in stream_audio(file))
        gain = wanted / highest if wanted is not None and highest else 1.0
        with _progress(file, n_samples, rate) as progress:
            blocks, new_rate = self._model.restored((gain * block for block in progress(stream_audio(file))), rate)
            write_audio_stream(target, (block / gain for block in blocks), new_rate, n_samples * new_rate // rate)


class BlindFiles(FileRestorer):
    """By method=restore, window by window; windows that are done are kept until the file is, so it goes on where it stopped.

    Args:
        quality: of method=restore.
        device: to run on.

    Raises:
        ValueError: there is no such quality.
    """

    def __init__(self, quality: str, device: str) -> None:
        self._method, _ = blind_method(quality)
        self._quality, self._device = quality, device

    def restore(self, file: Path, target: Path) -> None:
        """As `FileRestorer.restore`."""
        n_samples, rate = read_length(file)
        settings = f"{__version__} {self._quality} {rate} {self._device}"
        kept = KeptWindows(target.with_name(f".{target.name}.windows"), settings)
        with _progress(file, n_samples, rate) as progress:
            blocks = (block.to(self._device) for block in progress(stream_audio(file, rate)))
            write_audio_stream(target, self._method.denoised(blocks, rate, n_samples, kept.around), rate, n_samples)
        kept.remove()
        for stale in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):  # of a process that was killed
            stale.unlink(missing_ok=True)


@contextlib.contextmanager
def _progress(file: Path, n_samples: int, rate: int) -> Iterator[Callable[[Iterable[Tensor]], Iterator[Tensor]]]:
    """What follows the blocks of a file on the terminal, and says how long it will still take."""
    with tqdm(total=n_samples / rate, unit="s", desc=file.name, disable=None, bar_format=_BAR) as bar:

        def followed(blocks: Iterable[Tensor]) -> Iterator[Tensor]:
            for block in blocks:
                yield block
                bar.update(block.shape[-1] / rate)

        yield followed
