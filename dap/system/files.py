"""Writing files whole or not at all, and folders that one process at a time writes into."""

from collections.abc import Iterator
import contextlib
import glob
import os
from pathlib import Path

import filelock


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """The place of a temporary file, which becomes ``path`` where all goes well: a reader sees all of it or nothing.

    Args:
        path: the file; its folder exists.

    Raises:
        OSError: the disk or the folder says no; whatever stood at ``path`` is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # so that the message names it
        temporary.unlink(missing_ok=True)
        raise


def remove_unfinished(path: Path) -> None:
    """Take away what processes left that were killed while they wrote the file; or, of a folder, any file in it."""
    found = path.glob(".*.tmp") if path.is_dir() else path.parent.glob(f".{glob.escape(path.name)}.*.tmp")
    for stale in found:
        stale.unlink(missing_ok=True)


def write_whole(path: str | Path, content: bytes | str) -> None:
    r"""Write a file so that a reader sees all of it or nothing.

    Args:
        path: the file; its folder exists.
        content: bytes, or text to be written as UTF-8; what is no character (a byte of a file name that was no text) as
            \udcXX.

    Raises:
        OSError: the disk or the folder says no; whatever stood at ``path`` is untouched.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "note.txt")
    >>> write_whole(path, "whole")
    >>> path.read_text(), len(list(path.parent.iterdir()))
    ('whole', 1)
    """
    with whole(Path(path)) as temporary:
        temporary.write_bytes(content.encode(errors="backslashreplace") if isinstance(content, str) else content)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes: by a lock on its file .lock, which ends with the process that holds it.

    Args:
        folder: is made where it is missing.

    Raises:
        ValueError: another process holds it. OSError: it cannot be written to.

    >>> import tempfile
    >>> with locked(Path(tempfile.mkdtemp())) as held:
    ...     held is None
    True
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(folder / ".lock", timeout=0):
            yield
    except filelock.Timeout as error:
        raise ValueError(f"{folder}: another process is at work in it") from error


def read_beside(module: str, name: str) -> str:
    """The text of a file that lies beside a module, such as a page's style; ``module`` is its ``__file__``."""
    return Path(module).with_name(name).read_text(encoding="utf-8")
