"""dap-restore: the command that restores sound files, by a trained model or by method=restore.

Exit codes: 0 done; 1 a restoration failed; 2 something asked for cannot be; 130 interrupted; 128 + N ended by signal N.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from dap import __version__
from dap.system.threads import set_threads, wait_briefly

if TYPE_CHECKING:
    from dap.running.stream_restorer import StreamRestorer

_PAGE = """Restore sound files of any length, rate and number of channels, and folders of them: OUT/NAME.wav, 32-bit float, as
long as FILE. Without a checkpoint as method=restore does, blind, and a line says what was found: noise, rumble, hum, clicks,
flat tops (only a clipped recording has them; what lay above is restored, so the peak may exceed FILE's and full scale). With a
checkpoint (best.pt of a run of method=supervised) by the trained model, at its rate and back. What is done already is not done
again, and what was interrupted resumes where it stopped, by the same command."""

# What soundfile reads; of a folder files of other kinds are left alone.
_SOUNDS = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".rf64", ".w64"}

_RESTORED = "_restored"  # of the name of what is put beside its file


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
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a damaged sound file, or a folder of them")
    parser.add_argument("--version", action="version", version=f"dap {__version__}")
    parser.add_argument(
        "--out", metavar="OUT", type=Path, help="a folder, or of one FILE a .wav; default: beside it, NAME_restored.wav"
    )
    parser.add_argument(
        "--task", help="what was done to the sound: denoise (the default), inpainting, clipping, quantization, …"
    )
    parser.add_argument(
        "--gaps", metavar="GAPS", type=_gaps, help="what is missing, in seconds: 0.5-0.52,1.2-1.25; task inpainting"
    )
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], type=_setting, help="of the task: n_bits=4")
    parser.add_argument(
        "--strength", metavar="DB", type=float, help="largest attenuation of noise; 0: none; default: all of it"
    )
    parser.add_argument("--quality", default="default", help="fast, default, best")
    parser.add_argument("--checkpoint", metavar="CHECKPOINT", type=Path, help="best.pt of a trained model, or the run's folder")
    parser.add_argument("--device", default="auto", help="auto (CUDA where there is one), cpu, cuda")
    parser.add_argument("--threads", type=int, help="CPU threads; by default one, and with a checkpoint one a core")
    parser.add_argument("--trust", metavar="PACKAGE", action="append", default=[], help="a package that a checkpoint may name")
    options = parser.parse_args(arguments)
    wait_briefly()
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that what is half-written goes
    try:
        targets = plan(options.files, options.out)
        restorer = _restorer(options)
        if options.out is not None and not _is_file(options.out):
            options.out.mkdir(parents=True, exist_ok=True)
        failures = restore_files(targets, restorer)
    except KeyboardInterrupt:
        _say("interrupted; the same command goes on from here")
        sys.exit(130)
    except (ValueError, OSError) as error:
        _say(str(error))
        sys.exit(2)
    finally:
        signal.signal(signal.SIGTERM, before)
    sys.exit(1 if failures else 0)


def plan(sources: Iterable[Path], out: Path | None) -> dict[Path, Path]:
    """Where the restoration of each file goes, and of each in a folder, whose own folders are kept.

    Args:
        out: a folder, or of one file a .wav; None: beside each file.

    Raises:
        ValueError: a file that cannot be read (of those in a folder each is told of later), a folder that holds no sound, two
            files that would go to one place, or one that would go over itself.
    """
    from dap.audio.sound_file import read_length  # here, because torch takes longer to import than --help to answer

    sources = list(sources)
    targets: dict[Path, Path] = {}
    to_file = _is_file(out)
    if to_file and (len(sources) != 1 or sources[0].is_dir()):
        raise ValueError(f"--out {out} is one file, and there are several to restore: give a folder")
    for source in sources:
        inside = source.is_dir()
        found = _sounds_in(source, out) if inside else [source]
        if not found:
            raise ValueError(f"{source}: no sound files in this folder")
        if not inside:
            read_length(source)
        for file in found:
            target = _target(file, source if inside else file.parent, out, to_file)
            others = [other for other, taken in targets.items() if taken == target and other != file]
            if others:
                raise ValueError(f"{others[0]} and {file} would both become {target}: restore them into two folders")
            if target.exists() and target.samefile(file):
                raise ValueError(f"{target} would be written over the file that it is restored from: take another --out")
            targets[file] = target
    return targets


def _is_file(out: Path | None) -> bool:
    """Whether the place is that of one file; ValueError where it is one of a kind that is not written."""
    if out is None or out.is_dir() or out.suffix.lower() not in _SOUNDS:
        return False
    if out.suffix.lower() != ".wav":
        raise ValueError(f"--out {out}: expected a folder or a .wav, which is what is written")
    return True


def _target(file: Path, folder: Path, out: Path | None, to_file: bool) -> Path:
    if out is None:
        return file.with_name(f"{file.stem}{_RESTORED}.wav")
    return out if to_file else (out / file.relative_to(folder)).with_suffix(".wav")


def _sounds_in(folder: Path, out: Path | None) -> list[Path]:
    """The sound files in a folder and in those in it, but for hidden ones and what was restored into it or beside them."""
    found = [
        file
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in _SOUNDS
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]
    if out is None:
        made = {file.with_name(f"{file.stem}{_RESTORED}.wav") for file in found}
        return [file for file in found if file not in made]
    return [file for file in found if out.resolve() == folder.resolve() or out.resolve() not in file.resolve().parents]


def _gaps(text: str) -> list[list[float]]:
    """Pairs of seconds."""
    try:
        return [[float(start), float(end)] for start, end in (gap.split("-") for gap in text.split(","))]
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected START-END,START-END in seconds, got {text!r}") from None


def _setting(text: str) -> tuple[str, object]:
    """A name and its value, read as YAML."""
    import yaml

    name, equals, value = text.partition("=")
    try:
        if equals:
            return name.removeprefix("task."), yaml.safe_load(value)
    except yaml.YAMLError:
        pass
    raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")


def _restorer(options: argparse.Namespace) -> "StreamRestorer":
    """What restores the files: the trained model of a checkpoint, or method=restore.

    Raises:
        ValueError: the checkpoint, the quality, the task or the device cannot be used, or options that exclude each other.
    """
    from dap.running.parts import choose_device
    from dap.running.stream_restorer import BlindStream
    from dap.running.trained_model import TrainedModel

    device = choose_device(options.device)
    set_threads(options.threads, several=options.checkpoint is not None)
    settings = dict(options.set) | ({"gaps": options.gaps} if options.gaps else {})
    if options.checkpoint is None:
        task = options.task or ("inpainting" if options.gaps else "denoise")
        return BlindStream(device, options.quality, task, settings, options.strength)
    if options.task or settings or options.strength is not None:
        raise ValueError(
            "--task, --gaps, --set and --strength are for a restoration without a checkpoint, which has its own task"
        )
    return TrainedModel(options.checkpoint, device, options.trust)


def restore_files(targets: dict[Path, Path], restorer: "StreamRestorer") -> int:
    """Restore each file to its place, and say what was found in it; returns how many failed, each with a line of its own."""
    from dap.running.file_restorer import restore_file
    from dap.running.found import found

    failures = 0
    for number, (file, target) in enumerate(targets.items(), 1):
        try:
            facts = restore_file(restorer, file, target, f"{file.name} ({number}/{len(targets)})")
        except (ValueError, OSError, MemoryError) as error:
            _say(str(error) if str(file) in str(error) else f"{file}: {error}")
            failures += 1
            continue
        line = "already restored" if facts is None else found(facts) if facts else ""
        print(f"{target}: {line}" if line else target, flush=True)
    return failures


def _say(message: str) -> None:
    print(f"dap-restore: error: {' '.join(message.split())}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
