"""Spectrograms as bare pictures, without axes: time from left to right, frequency upwards on the mel scale."""

import io

from matplotlib import colormaps
import numpy as np
import numpy.typing as npt
from PIL import Image
import torch
from torch import Tensor

_N_ROWS = 256
_FRAME_SECONDS = 0.04  # harmonics of 100 Hz come apart, and a gap of 20 ms is seen
_DYNAMIC_RANGE_DB = 80
_N_COLORS = 48  # steps of 1.7 dB: finer ones are not seen, and make larger files
_COMPRESSION = 4  # 6 takes four times as long for a tenth less
_TICKS_HZ = (100, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 64000)
_BETWEEN_TICKS = 0.07  # of the height, at least


def mel_pictures(waveforms: list[Tensor], sample_rate: int, max_columns: list[int]) -> list[bytes]:
    """A PNG for each waveform, all on one scale: 80 dB below the highest level of any.

    Args:
        waveforms: (channel, time), all equally long; the mean power of the channels is drawn.
        sample_rate: Hz.
        max_columns: of each picture, about; one of a short sound has fewer.

    >>> png, = mel_pictures([torch.zeros(1, 4000)], 8000, [100])
    >>> png[1:4]
    b'PNG'
    """
    levels = [_level_db(waveform, sample_rate, n) for waveform, n in zip(waveforms, max_columns, strict=True)]
    floor = max(float(level.max()) for level in levels) - _DYNAMIC_RANGE_DB
    palette = np.round(255 * colormaps["magma"](np.linspace(0, 1, _N_COLORS))[:, :3]).astype(np.uint8)
    scale = (_N_COLORS - 1) / _DYNAMIC_RANGE_DB
    colors = [((level - floor) * scale).round().clamp(0, _N_COLORS - 1).flip(0) for level in levels]
    return [_png(color.to(torch.uint8).numpy(), palette) for color in colors]


def ticks_khz(sample_rate: int) -> list[tuple[float, float]]:
    """Frequencies to label beside such a picture: kHz, and the place as a share of the height from below.

    >>> ticks_khz(8000)[-1][0], [round(place, 2) for _, place in ticks_khz(8000)]
    (2.0, [0.07, 0.16, 0.28, 0.47, 0.71])
    """
    top = _mel(sample_rate / 2)
    places = [(hertz / 1000, _mel(hertz) / top) for hertz in _TICKS_HZ]
    return [(khz, place) for khz, place in places if _BETWEEN_TICKS <= place <= 1 - _BETWEEN_TICKS]


def _png(pixels: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> bytes:
    """A byte a pixel, before compression: (row, column) of numbers of colors; the palette (color, 3)."""
    picture, file = Image.fromarray(pixels), io.BytesIO()
    picture.putpalette(palette.tobytes())
    picture.save(file, "PNG", compress_level=_COMPRESSION)
    return file.getvalue()


def _level_db(waveform: Tensor, sample_rate: int, max_columns: int) -> Tensor:
    """Mean power over the channels, dB: (row, column), the lowest frequency first."""
    n_samples = waveform.shape[-1]
    wanted = 2 * max(8, round(_FRAME_SECONDS * sample_rate / 2))
    n_fft = max(2, min(wanted, n_samples // 2 * 2))
    hop_length = min(max(n_samples // max_columns, n_fft // 8, 1), max(1, n_fft // 2))
    padded = torch.nn.functional.pad(waveform, (0, max(0, n_fft - n_samples)))
    spec = torch.stft(padded, n_fft, hop_length, window=torch.hann_window(n_fft), pad_mode="constant", return_complex=True)
    power = torch.view_as_real(spec).square().sum(-1).mean(0)  # (n_freq, n_frames)
    return 10 * torch.log10((_mel_weights(n_fft, sample_rate) @ power).clamp(min=1e-20))


def _mel_weights(n_fft: int, sample_rate: int) -> Tensor:
    """(row, n_freq): triangles of a row's width or of one bin, whichever is wider, each with the sum 1."""
    edges = _hertz(torch.linspace(0, _mel(sample_rate / 2), _N_ROWS + 1, dtype=torch.float64))
    centers = (edges[1:] + edges[:-1])[:, None] / 2
    bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * sample_rate / n_fft
    widths = (edges[1:] - edges[:-1])[:, None].clamp(min=sample_rate / n_fft)
    weights = (1 - (bins - centers).abs() / widths).clamp(min=0)
    return (weights / weights.sum(1, keepdim=True)).float()


def _mel(hertz: float) -> float:
    return 2595 * float(np.log10(1 + hertz / 700))


def _hertz(mel: Tensor) -> Tensor:
    return 700 * (10 ** (mel / 2595) - 1)
