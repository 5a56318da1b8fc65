"""dap-restore: the command that restores sound files, by a trained model or by method=restore.

Exit codes: 0 done; 1 a restoration failed; 2 something asked for cannot be; 130 interrupted; 128 + N ended by signal N.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from dap.system.threads import set_threads, wait_briefly

if TYPE_CHECKING:
    from dap.running.stream_restorer import StreamRestorer

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
    parser.add_argument("--trust", metavar="PACKAGE", action="append", default=[], help="a package that a checkpoint may name")
    options = parser.parse_args(arguments)
    wait_briefly()
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that what is half-written goes
    try:
        targets = plan(options.files, options.out)
        restorer = _restorer(options)
        failures = restore_files(targets, restorer)
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
    from dap.audio.sound_file import read_length  # here, because torch takes longer to import than --help to answer

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


def _restorer(options: argparse.Namespace) -> "StreamRestorer":
    """What restores the files: the trained model of a checkpoint, or method=restore.

    Raises:
        ValueError: the checkpoint, the quality or the device cannot be used.
    """
    from dap.running.parts import choose_device
    from dap.running.stream_restorer import BlindStream
    from dap.running.trained_model import TrainedModel

    device = choose_device(options.device)
    set_threads(options.threads, several=options.checkpoint is not None)
    if options.checkpoint is None:
        return BlindStream(options.quality, device)
    return TrainedModel(options.checkpoint, device, options.trust)


def restore_files(targets: dict[Path, Path], restorer: "StreamRestorer") -> int:
    """Restore each file to its place; returns how many failed, each with a line of its own."""
    from dap.running.file_restorer import restore_file

    failures = 0
    for file, target in targets.items():
        try:
            restore_file(restorer, file, target)
            print(target, flush=True)
        except (ValueError, OSError, MemoryError) as error:
            _say(str(error))
            failures += 1
    return failures


def _say(message: str) -> None:
    print(f"dap-restore: error: {' '.join(message.split())}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
