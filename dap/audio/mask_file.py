"""Masks read from files: .npy, MATLAB's .mat, or a sound file of one channel."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dap.audio.sound_file import read_audio


def read_mask(path: str, n_samples: int | None = None) -> Tensor:
    """The factors of a mask, (n,): 1 = observed, 0 = missing, and in .npy and .mat anything between.

    A .mat file holds one variable, whatever its name. Fixed point rounds the ones of a sound file, so they are rounded back.

    Args:
        n_samples: how many there must be; None takes any number.

    Raises:
        ValueError: no such file, one that cannot be read, another shape, or factors that are not from 0 to 1.

    >>> import tempfile
    >>> path = str(Path(tempfile.mkdtemp(), "mask.npy"))
    >>> np.save(path, np.array([[1, 0, 1]]))
    >>> read_mask(path).tolist()
    [1.0, 0.0, 1.0]
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise ValueError(f"{path}: no such file")
    of_numbers = file.suffix in (".npy", ".mat")
    mask = _read_numbers(path, file) if of_numbers else read_audio(file)[0]
    mask = mask.reshape(-1) if mask.ndim == 2 and 1 in mask.shape else mask
    if mask.ndim != 1 or len(mask) == 0 or n_samples not in (None, len(mask)):
        length = "" if n_samples is None else f" and {n_samples} samples as the clip"
        raise ValueError(f"{path}: the mask must be of one channel{length}, got {tuple(mask.shape)}")
    whole = bool((mask - mask.round()).abs().max() < 1e-3)
    mask = mask.round() if whole else mask
    if not (mask.min() >= 0 and mask.max() <= 1 and (whole or of_numbers)):
        raise ValueError(
            f"{path}: a mask holds 1 where a sample is observed, 0 where it is missing, and in an .npy or .mat file factors "
            f"between, got {float(mask.min()):g} to {float(mask.max()):g}"
        )
    return mask


def _read_numbers(path: str, file: Path) -> Tensor:
    read = _matlab_reader(path) if file.suffix == ".mat" else np.load
    try:
        return torch.from_numpy(np.asarray(read(file)).astype(np.float32))
    except (OSError, TypeError, ValueError, EOFError, NotImplementedError) as error:
        raise ValueError(f"{path}: not an .npy or .mat file of numbers that can be read: {error}") from error


def _matlab_reader(path: str) -> Callable[[Path], Any]:
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise ValueError(f"{path}: a .mat file needs scipy: pip install 'dap[baselines]'") from error

    def read(file: Path) -> Any:
        variables = {name: value for name, value in loadmat(file).items() if not name.startswith("__")}
        if len(variables) != 1:
            raise ValueError(f"expected one variable in it, got {', '.join(variables) or 'none'}")
        return variables.popitem()[1]

    return read
