"""The file of a trained model: its weights, and all that is needed to restore with them."""

from dataclasses import dataclass
import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dap import __version__
from dap.record.checkpoint import read_tensors
from dap.system.files import write_whole

NAME = "best.pt"
_FORMAT = 1  # of what is in the file


@dataclass(frozen=True)
class Trained:
    """A trained model.

    Args:
        method, task: settings that `dap.config.build.build` makes them of.
        sample_rate: Hz, of the sounds that it was trained on.
        peak: the level that these were scaled to; None for their own.
        weights: of each network that restores, by name.
        facts: where it came from, plain values.
    """

    method: dict[str, Any]
    task: dict[str, Any]
    sample_rate: int
    peak: float | None
    weights: dict[str, dict[str, Tensor]]
    facts: dict[str, Any]


def write_trained(folder: Path, trained: Trained) -> None:
    """Write best.pt, whole or not at all; OSError where the disk says no."""
    content = io.BytesIO()
    shallow = {name: getattr(trained, name) for name in Trained.__dataclass_fields__}  # asdict would copy the weights
    torch.save({"format": _FORMAT, "dap": __version__, "trained": shallow}, content)
    write_whole(folder / NAME, content.getvalue())


def read_trained(path: Path) -> Trained:
    """Read what `write_trained` wrote.

    Raises:
        ValueError: there is no such file, or it is damaged, or something else; it names the file.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file: give the best.pt of a run of method=supervised")
    found = read_tensors(path, "train again, or take another")
    if not isinstance(found, dict) or not isinstance(found.get("trained"), dict):
        raise ValueError(f"{path}: no trained model: give the best.pt of a run of method=supervised")
    if found.get("format") != _FORMAT or set(found["trained"]) != set(Trained.__dataclass_fields__):
        raise ValueError(f"{path}: written by dap {found.get('dap')}, this is {__version__}: restore with that")
    return Trained(**found["trained"])
