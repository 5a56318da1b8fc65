"""Sound files of any length, a block at a time. Beside dap/audio/sound_file.py the one module that opens sound files."""

from collections.abc import Iterable, Iterator
import contextlib
import os
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from dap.audio.sound_file import read_length, unstamp
from dap.system.files import whole

_BLOCK = 2**18  # samples of each channel
_MAX_WAV = 2**32 - 2**20  # bytes of sound that a WAV can count; what is longer is an RF64


def stream_audio(path: str | Path, n_samples: int = _BLOCK) -> Iterator[Tensor]:
    """The sound of a file in blocks, (channel, up to n_samples), float32 with full scale at ±1.

    Raises:
        ValueError: at the first block, as `read_length`; later, where the file is truncated or holds NaN or Inf.

    >>> import tempfile
    >>> from dap.audio.sound_file import write_audio
    >>> path = Path(tempfile.mkdtemp(), "tone.wav")
    >>> write_audio(path, torch.full((2, 100), 0.5), 8000)
    >>> [block.shape[1] for block in stream_audio(path, 64)]
    [64, 36]
    """
    promised, _ = read_length(path)
    place = 0
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            while len(block := file.read(n_samples, dtype="float32", always_2d=True)):
                if not np.isfinite(block).all():
                    raise ValueError(f"{path}: holds NaN or Inf (within {n_samples} samples of sample {place})")
                place += len(block)
                yield torch.from_numpy(np.ascontiguousarray(block.T))
            is_estimate = file.format == "MP3"
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{path}: not a sound file that can be read: {error.error_string}") from error
    if place == 0:
        raise ValueError(f"{path}: the file holds no samples")
    if place < promised and not is_estimate:
        raise ValueError(f"{path}: truncated: the header promises {promised} frames, {place} are there")


def read_comment(path: str | Path) -> str:
    """The comment among a sound file's tags; "" where there is none, or no sound file."""
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            return str(file.comment)
    except (soundfile.LibsndfileError, OSError):
        return ""


def write_audio_stream(path: str | Path, blocks: Iterable[Tensor], sample_rate: int, expected: int, comment: str = "") -> int:
    """Write a 32-bit float WAV (of more than 4 GiB an RF64) as its blocks come: whole, or not at all.

    Args:
        path: the file; its folder exists.
        blocks: (channel, some samples), finite.
        sample_rate: Hz.
        expected: about how many samples of each channel there will be: what is to be longer than a WAV can be is no WAV.
        comment: goes into the file's tags.

    Returns:
        samples of each channel that were written.

    Raises:
        ValueError: no block, or one that holds NaN or Inf. OSError: the disk says no. Whatever stood at ``path`` is untouched.

    >>> import tempfile
    >>> write_audio_stream(Path(tempfile.mkdtemp(), "tone.wav"), [torch.zeros(1, 5), torch.ones(1, 3)], 8000, 8)
    8
    """
    path = Path(path)
    written = 0
    try:
        with whole(path) as temporary, contextlib.ExitStack() as opened:
            file: soundfile.SoundFile | None = None
            for block in blocks:
                if not torch.isfinite(block).all():
                    raise ValueError(f"{path}: refusing to write NaN or Inf")
                if file is None:
                    kind = "WAV" if 4 * expected * block.shape[0] < _MAX_WAV else "RF64"
                    name = os.fsencode(temporary)
                    file = opened.enter_context(
                        soundfile.SoundFile(name, "w", sample_rate, block.shape[0], "FLOAT", format=kind)
                    )
                    if comment:
                        file.comment = comment
                file.write(block.detach().cpu().numpy().T)
                written += block.shape[-1]
            if file is None:
                raise ValueError(f"{path}: no samples to write")
            file.close()
            with open(temporary, "r+b") as finished:
                unstamp(finished)
    except soundfile.LibsndfileError as error:
        raise OSError(f"{path}: cannot be written: {error.error_string}") from error
    return written
