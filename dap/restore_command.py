"""dap-restore: the command that restores sound files, by a trained model or by method=restore.

Exit codes: 0 done; 1 a restoration failed; 2 something asked for cannot be; 130 interrupted; 128 + N ended by signal N.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
import contextlib
import glob
from pathlib import Path
import signal
import sys
from typing import Any, NoReturn

from dap.threads import set_threads, wait_briefly

_PAGE = """Restore sound files of any length, rate and number of channels: DIR/NAME.wav, 32-bit float, as long as FILE. With a
checkpoint (best.pt of a run of method=supervised) window by window, at the rate that the model was trained at and back; a file
of the low rate of a super-resolution is brought to the high one. Without, as method=restore does, blind: where tops are flat,
which only a clipped recording's are, what lay above them is restored, so the peak may exceed FILE's and full scale, and noise
is taken away; stopped in the middle, the same command goes on where it was."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _say(f"{message}; see dap-restore --help")
        sys.exit(2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script.

    Args:
        arguments: as on the command line; None takes them from there.
    """
    parser = _Parser("dap-restore", description=_PAGE)
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a damaged sound file")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder of what is restored")
    parser.add_argument("--checkpoint", metavar="CHECKPOINT", type=Path, help="best.pt of a trained model, or the run's folder")
    parser.add_argument("--quality", default="default", help="without a checkpoint: fast, default, best")
    parser.add_argument("--device", default="auto", help="auto (CUDA where there is one), cpu, cuda")
    parser.add_argument("--threads", type=int, help="CPU threads; by default one, and with a checkpoint one a core")
    options = parser.parse_args(arguments)
    wait_briefly()
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that what is half-written goes
    try:
        targets = plan(options.files, options.out)
        if options.checkpoint is None:
            failures = restore_blind(targets, options.quality, options.device, options.threads)
        else:
            failures = restore_by_model(targets, options.checkpoint, options.device, options.threads)
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(130)
    except (ValueError, OSError) as error:
        _say(str(error))
        sys.exit(2)
    finally:
        signal.signal(signal.SIGTERM, before)
    sys.exit(1 if failures else 0)


def plan(files: Iterable[Path], out: Path) -> dict[Path, Path]:
    """Where each file's restoration goes, once all of them can be read; the folder is made.

    Raises:
        ValueError: a file that cannot be read, two that would go to one place, or one that would go over itself.
    """
    from dap.audio import read_length  # here, because torch takes longer to import than --help to answer

    targets: dict[Path, Path] = {}
    for file in files:
        read_length(file)
        target = out / f"{file.stem}.wav"
        if target in targets.values():
            (other,) = (known for known, place in targets.items() if place == target)
            raise ValueError(f"{file} and {other} would both become {target}: restore them into two folders")
        if target.exists() and target.samefile(file):
            raise ValueError(f"{target} would be written over the file that it is restored from: take another --out")
        targets[file] = target
    out.mkdir(parents=True, exist_ok=True)
    return targets


def restore_by_model(targets: dict[Path, Path], checkpoint: Path, device: str, threads: int | None) -> int:
    """Restore each file with a trained model; returns how many failed, each with a line of its own.

    Raises:
        ValueError: the checkpoint or the device cannot be used.
    """
    from dap.parts import choose_device
    from dap.record.trained import NAME, read_trained
    from dap.trained_model import TrainedModel

    device = choose_device(device)
    set_threads(threads, several=True)
    trained = read_trained(checkpoint / NAME if checkpoint.is_dir() else checkpoint)
    model = TrainedModel(trained, device)
    failures = 0
    for file, target in targets.items():
        try:
            _restore_file(file, target, trained, model)
            print(target, flush=True)
        except (ValueError, OSError, MemoryError) as error:
            _say(str(error))
            failures += 1
    return failures


def restore_blind(targets: dict[Path, Path], quality: str, device: str, threads: int | None) -> int:
    """Restore each file by method=restore, window by window; returns how many failed, each with a line of its own.

    Raises:
        ValueError: the quality or the device cannot be used.
    """
    from dap import __version__
    from dap.api import blind_method
    from dap.audio import read_length
    from dap.audio_stream import stream_audio, write_audio_stream
    from dap.kept_windows import KeptWindows
    from dap.parts import choose_device

    device = choose_device(device)
    set_threads(threads, several=False)
    method, _ = blind_method(quality)
    failures = 0
    for file, target in targets.items():
        try:
            n_samples, rate = read_length(file)
            kept = KeptWindows(target.with_name(f".{target.name}.windows"), f"{__version__} {quality} {rate} {device}")
            with _progress(file, n_samples, rate) as progress:
                blocks = (block.to(device) for block in progress(stream_audio(file, rate)))
                write_audio_stream(target, method.denoised(blocks, rate, n_samples, kept.around), rate, n_samples)
            kept.remove()
            for stale in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):  # of a process that was killed
                stale.unlink(missing_ok=True)
            print(target, flush=True)
        except (ValueError, OSError, MemoryError) as error:
            _say(str(error))
            failures += 1
    return failures


def _restore_file(file: Path, target: Path, trained: Any, model: Any) -> None:
    """One file, block by block."""
    from dap.audio import read_length
    from dap.audio_stream import stream_audio, write_audio_stream

    n_samples, rate = read_length(file)
    highest = 0.0 if model.wants_peak is None else max(float(block.abs().max()) for block in stream_audio(file))
    gain = model.wants_peak / highest if highest else 1.0
    with _progress(file, n_samples, rate) as progress:
        blocks, new_rate = model.restored((gain * block for block in progress(stream_audio(file))), rate)
        write_audio_stream(target, (block / gain for block in blocks), new_rate, n_samples * new_rate // rate)


@contextlib.contextmanager
def _progress(file: Path, n_samples: int, rate: int) -> Iterator[Callable[[Iterable[Any]], Iterator[Any]]]:
    """What follows the blocks of a file on the terminal, and says how long it will still take."""
    from tqdm import tqdm

    with tqdm(total=n_samples / rate, unit="s", desc=file.name, disable=None, bar_format=_BAR) as bar:

        def followed(blocks: Iterable[Any]) -> Iterator[Any]:
            for block in blocks:
                yield block
                bar.update(block.shape[-1] / rate)

        yield followed


_BAR = "{desc}: {percentage:3.0f} %|{bar}| {n:.0f} of {total:.0f} s of sound, {remaining} left"


def _say(message: str) -> None:
    print(f"dap-restore: error: {' '.join(message.split())}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
