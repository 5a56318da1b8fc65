"""Writing files whole or not at all."""

import os
from pathlib import Path


def write_whole(path: str | Path, content: bytes | str) -> None:
    r"""Write a file so that a reader sees all of it or nothing: a temporary file beside it, synced, then renamed.

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
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content.encode(errors="backslashreplace") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
