"""The frames of Hu & Loizou's measures: 30 ms, a quarter of a frame apart, under a Hann window without its zeros."""

import torch
from torch import Tensor


def hann_frames(waveform: Tensor, sample_rate: int) -> Tensor:
    """Cut a waveform into windowed frames; what is left at its end is dropped, as in their code.

    Args:
        waveform: (..., time), floating point.
        sample_rate: Hz.

    Returns:
        (..., n_frames, length), length = 0.03 · sample_rate and n_frames = floor(time / hop − length / hop).

    Raises:
        ValueError: a waveform shorter than a frame and a hop.

    Reference: Loizou, "Speech Enhancement: Theory and Practice", 2007, the code that goes with it.

    >>> hann_frames(torch.ones(2, 8000), 8000).shape
    torch.Size([2, 129, 240])
    """
    length = round(0.03 * sample_rate)
    hop = length // 4
    n_frames = int(waveform.shape[-1] / hop - length / hop) if hop else 0
    if n_frames < 1:
        raise ValueError(f"{waveform.shape[-1]} samples at {sample_rate} Hz are too short for frames of 30 ms")
    # 0.5 (1 − cos(2πn / (length + 1))), n = 1 … length
    window = torch.hann_window(length + 2, periodic=False, dtype=waveform.dtype, device=waveform.device)[1:-1]
    return waveform.unfold(-1, length, hop)[..., :n_frames, :] * window
