"""Sound files restored block by block, so that they may be longer than memory, with a bar that says how long it takes."""

from collections.abc import Callable, Iterable, Iterator
import contextlib
import hashlib
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from dap.audio.kept_windows import KeptWindows
from dap.audio.sound_file import read_length
from dap.audio.stream import read_comment, stream_audio, write_audio_stream
from dap.methods.iterate import Facts
from dap.running.stream_restorer import StreamRestorer
from dap.system.files import remove_unfinished

_BAR = "{desc}: {percentage:3.0f} %|{bar}| {n:.0f} of {total:.0f} s of sound, {remaining} left"


def restore_file(restorer: StreamRestorer, file: Path, target: Path, title: str) -> Facts | None:
    """Write the restoration of a file, whole or not at all, at the file's level; returns what was found.

    The target's comment says of which sound and settings it is: where it is there already nothing is done, and None returned.
    Windows that are dear are kept beside the target until the file is done, so it resumes where it was stopped.

    Args:
        restorer: which restores.
        file: the damaged sound.
        target: the WAV to be written; its folder is made.
        title: for the bar.

    Raises:
        ValueError: the file cannot be read or restored. OSError: it cannot be written.
    """
    n_samples, rate = read_length(file)
    comment = f"dap-restore {_digest(file)} {hashlib.sha256(restorer.settings.encode()).hexdigest()[:16]}"
    if target.exists() and read_comment(target) == comment:
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    highest = 0.0 if restorer.peak is None else max(float(block.abs().max()) for block in stream_audio(file))
    gain = restorer.peak / highest if restorer.peak is not None and highest else 1.0
    kept = KeptWindows(target.with_name(f".{target.name}.windows"), f"{restorer.settings} {rate}")
    with _progress(title, n_samples, rate) as progress:
        blocks = (gain * block for block in progress(stream_audio(file, rate)))
        restored, new_rate = restorer.restored(blocks, rate, n_samples, kept.around if restorer.keeps else None)
        expected = n_samples * new_rate // rate
        write_audio_stream(target, (block / gain for block in restored), new_rate, expected, comment)
    kept.remove()
    remove_unfinished(target)
    return restorer.facts


def _digest(file: Path) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextlib.contextmanager
def _progress(title: str, n_samples: int, rate: int) -> Iterator[Callable[[Iterable[Tensor]], Iterator[Tensor]]]:
    """What follows the blocks of a file on the terminal, and says how long it will still take."""
    with tqdm(total=n_samples / rate, unit="s", desc=title, disable=None, bar_format=_BAR) as bar:

        def followed(blocks: Iterable[Tensor]) -> Iterator[Tensor]:
            for block in blocks:
                yield block
                bar.update(block.shape[-1] / rate)

        yield followed
