"""The file that an interrupted restoration goes on from: whole, checked, and read without running anything."""

import io
from pathlib import Path
from typing import Any
import zipfile

import torch

from dap import __version__
from dap.system.files import write_whole

_FORMAT = 1  # of what is in the file
NAME = "checkpoint.pt"


def write_checkpoint(folder: Path, identity: str, state: dict[str, Any]) -> None:
    """Write checkpoint.pt into a run's folder, in place of the one before.

    Args:
        identity: of the run, see `dap.record.identity`.
        state: plain values and tensors.

    Raises:
        OSError: the disk says no; the checkpoint before is still there.
    """
    content = io.BytesIO()
    torch.save({"format": _FORMAT, "dap": __version__, "identity": identity, "state": state}, content)
    write_whole(folder / NAME, content.getvalue())


def read_checkpoint(folder: Path, identity: str) -> dict[str, Any] | None:
    """The state in a folder's checkpoint.pt; None where there is none.

    Raises:
        ValueError: the file is damaged, or of another version of dap, or of another run; it names the file and what to do.
    """
    path = folder / NAME
    if not path.exists():
        return None
    advice = "restart=true begins the run anew"
    checkpoint = read_tensors(path, advice)
    if not isinstance(checkpoint, dict) or "state" not in checkpoint:
        raise ValueError(f"{path}: not a checkpoint of dap: {advice}")
    if (checkpoint.get("format"), checkpoint.get("dap")) != (_FORMAT, __version__):
        raise ValueError(f"{path}: written by dap {checkpoint.get('dap')}, this is {__version__}: go on with that, or {advice}")
    if checkpoint.get("identity") != identity:
        raise ValueError(f"{path}: the checkpoint of another run, its settings or its input differ: {advice}")
    state: dict[str, Any] = checkpoint["state"]
    return state


def read_tensors(path: Path, advice: str) -> Any:
    """What `torch.save` wrote of plain values and tensors, to the CPU; nothing in the file is run.

    Raises:
        ValueError: the file is damaged, or none of torch's: names it, and says the advice.
    """
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.testzip() is not None:  # the entries' checksums: torch.load reads a flipped bit without a word
                raise zipfile.BadZipFile
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # zipfile and torch raise of all kinds for what is no checkpoint, or one cut short
        raise ValueError(f"{path}: the checkpoint is damaged ({len(content)} bytes): {advice}") from error
