"""Reading and writing sound files. Nothing else in dap opens one.

A waveform here is (channel, time), float32, full scale at ±1.
"""

import io
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile
import torch
from torch import Tensor

from dap.system.files import write_whole

MAX_SAMPLES = 2**31  # 8 GiB of float32: more than this is a damaged header, not a clip
MAX_RATE = 10_000_000  # Hz; ultrasound is recorded at up to a few MHz
_BLOCK = 2**22  # samples that are read at once
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF)  # what programs that write to a pipe leave in a header


def read_audio(path: str | Path, start_seconds: float = 0.0, seconds: float | None = None) -> tuple[Tensor, int]:
    """Read a sound file (WAV, FLAC, OGG, MP3 … whatever libsndfile reads), or a part of it.

    Memory is taken for the samples that are there, not for those that a header claims. The size of the file bounds these
    but weakly: a FLAC holds up to 65535 samples of silence in ten bytes. So it is read block by block, up to the first
    that comes short.

    Args:
        path: the file.
        start_seconds: where to begin.
        seconds: how much to read; None is up to the end.

    Returns:
        waveform (channel, n_samples), float32 with full scale at ±1, and its sample rate in Hz.

    Raises:
        ValueError: the file is missing, unreadable, no sound file, truncated, empty, holds NaN or Inf, ends before the
            part asked for, has a rate that no sound has, or does not fit into the memory.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "tone.wav")
    >>> write_audio(path, torch.full((2, 100), 0.5), 8000)
    >>> waveform, sample_rate = read_audio(path, seconds=0.01)
    >>> waveform.shape, sample_rate
    (torch.Size([2, 80]), 8000)
    """
    path = Path(path)
    _check_file(path)
    try:
        info = soundfile.info(os.fsencode(path))
        rate, first = _checked_rate(path, info.samplerate), round(start_seconds * info.samplerate)
        wanted = info.frames - first if seconds is None else min(round(seconds * rate), info.frames - first)
        if info.frames == 0:
            raise ValueError(f"{path}: the file holds no samples")
        if wanted <= 0:
            raise ValueError(
                f"{path}: nothing to read at start {start_seconds} s for {seconds} s: it lasts {info.frames / rate:.3f} s"
            )
        if wanted * info.channels > MAX_SAMPLES:
            raise ValueError(f"{path}: the header claims {info.frames} frames of {info.channels} channels: too many to be true")
        samples = _read_blocks(path, first, wanted)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{path}: not a sound file that can be read: {error.error_string}") from error
    except MemoryError as error:
        raise ValueError(f"{path}: {wanted} frames do not fit into the memory: read a part of it (data.seconds)") from error
    if samples.shape[1] < wanted and info.format != "MP3":  # an MP3's length is only an estimate
        raise ValueError(f"{path}: truncated: the header promises {wanted} frames, {samples.shape[1]} are there")
    if samples.shape[1] == 0:
        raise ValueError(f"{path}: the file holds no samples")
    if not np.isfinite(samples).all():
        raise ValueError(f"{path}: holds NaN or Inf (first at sample {int(np.argmin(np.isfinite(samples).all(0)))})")
    return torch.from_numpy(samples), rate


def read_length(path: str | Path) -> tuple[int, int]:
    """How long a sound file is by its header, without reading the sound: quick, and as true as the header.

    Returns:
        samples of each channel (of an MP3 an estimate), and the sample rate in Hz.

    Raises:
        ValueError: the file is missing, unreadable, no sound file, empty, or has a rate that no sound has.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "tone.wav")
    >>> write_audio(path, torch.zeros(2, 100), 8000)
    >>> read_length(path)
    (100, 8000)
    """
    path = Path(path)
    _check_file(path)
    try:
        info = soundfile.info(os.fsencode(path))
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{path}: not a sound file that can be read: {error.error_string}") from error
    return info.frames, _checked_rate(path, info.samplerate)


def write_audio(path: str | Path, waveform: Tensor, sample_rate: int) -> None:
    """Write a 32-bit float WAV, whole or not at all; values beyond ±1 are kept.

    Args:
        path: the file; its folder exists.
        waveform: (channel, n_samples), finite.
        sample_rate: Hz.

    Raises:
        ValueError: the waveform holds NaN or Inf. OSError: the disk says no.
    """
    if not torch.isfinite(waveform).all():
        raise ValueError(f"{path}: refusing to write NaN or Inf")
    write_whole(path, encode_wav(waveform, sample_rate, "FLOAT"))


def encode_wav(waveform: Tensor, sample_rate: int, subtype: str = "PCM_16") -> bytes:
    """A WAV file as bytes; waveform (channel, n_samples), in [−1, 1] for PCM.

    >>> encode_wav(torch.zeros(1, 4), 8000)[:4]
    b'RIFF'
    """
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform.detach().cpu().numpy().T, sample_rate, format="WAV", subtype=subtype)
    unstamp(buffer)
    return buffer.getvalue()


def encode_flac(waveform: Tensor, sample_rate: int) -> bytes:
    """A FLAC file of 16 bit as bytes, or a WAV where FLAC has no such rate or number of channels.

    Args:
        waveform: (channel, n_samples), in [−1, 1].
        sample_rate: Hz.

    >>> encode_flac(torch.zeros(1, 4), 8000)[:4], encode_flac(torch.zeros(9, 4), 8000)[:4]
    (b'fLaC', b'RIFF')
    """
    buffer = io.BytesIO()
    try:
        soundfile.write(buffer, waveform.detach().cpu().numpy().T, sample_rate, format="FLAC", subtype="PCM_16")
    except soundfile.LibsndfileError:
        return encode_wav(waveform, sample_rate)
    return buffer.getvalue()


def unstamp(file: BinaryIO) -> None:
    """Take the time of writing out of a float WAV: equal sounds make equal files."""
    file.seek(0)
    stamp = file.read(512).find(b"PEAK") + 12
    if stamp > 12:
        file.seek(stamp)
        file.write(bytes(4))


def _read_blocks(path: Path, first: int, wanted: int) -> npt.NDArray[np.float32]:
    """Up to ``wanted`` frames from ``first`` on, (channel, n_samples)."""
    blocks, n_read = [], 0
    with soundfile.SoundFile(os.fsencode(path)) as file:
        file.seek(first)
        n_frames = max(1, _BLOCK // file.channels)
        while n_read < wanted:
            asked = min(n_frames, wanted - n_read)
            block = file.read(asked, dtype="float32", always_2d=True)
            blocks.append(np.ascontiguousarray(block.T))
            n_read += len(block)
            if len(block) < asked:
                break
    return np.concatenate(blocks, axis=1) if len(blocks) > 1 else blocks[0]


def _checked_rate(path: Path, rate: int) -> int:
    if not 1 <= rate <= MAX_RATE:
        raise ValueError(f"{path}: the header says {rate} Hz, expected 1 to {MAX_RATE}")
    return rate


def _check_file(path: Path) -> None:
    """What libsndfile would pass over, or say in its own words, said clearly: see `read_audio` for the errors."""
    if path.is_dir():
        raise ValueError(f"{path}: is a folder, expected a sound file (for a folder of them: data=folder data.path={path})")
    if not path.exists():
        raise ValueError(f"{path}: no such file")
    if not path.is_file():
        raise ValueError(f"{path}: is a pipe or a device, expected a file")
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            head = file.read(12)
            if size == 0:
                raise ValueError(f"{path}: the file is empty")
            if head[:4] == b"RIFF" and head[8:] == b"WAVE":
                _check_wav_chunks(path, file, size)
    except PermissionError as error:
        raise ValueError(f"{path}: no permission to read it") from error


def _check_wav_chunks(path: Path, file: BinaryIO, size: int) -> None:
    """Refuse a WAV cut short, which libsndfile reads as a shorter one, and codecs other than PCM and float."""
    while len(header := file.read(8)) == 8:
        name, length = header[:4], int.from_bytes(header[4:], "little")
        if name == b"fmt ":
            codec = int.from_bytes(file.read(2), "little")
            if codec not in (_PCM, _FLOAT, _EXTENSIBLE):
                raise ValueError(f"{path}: a WAV of codec {codec:#06x}; dap reads PCM and float")
            file.seek(length + length % 2 - 2, os.SEEK_CUR)
        elif name == b"data":
            present = size - file.tell()
            if length not in _UNKNOWN_SIZES and present < length:
                raise ValueError(f"{path}: truncated: the header promises {length} bytes of sound, {present} are there")
            return
        else:
            file.seek(length + length % 2, os.SEEK_CUR)
    raise ValueError(f"{path}: truncated: a WAV without its sound")
