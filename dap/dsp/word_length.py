"""How finely a sound's samples are told: by the steps of a fixed-point file, or by floating-point numbers."""

import torch
from torch import Tensor

_NEAR = 0.05  # of a step: what float32 makes of 16 bits that were scaled is within 0.002


def sample_error(waveform: Tensor) -> float:
    """Standard deviation of the rounding in a waveform's samples, found blindly.

    Samples that are all multiples of one step, as those of a file of up to 16 bits are at any gain, are off by step / √12; any
    others by the rounding of float32 at the waveform's peak.

    Args:
        waveform: of any shape.

    >>> tone = 0.5 * torch.sin(torch.arange(4000) / 8)
    >>> sample_error(tone) < 1e-7, round(12**0.5 * sample_error(0.7 * (tone * 2**15).round() / 2**15) * 2**15, 2)
    (True, 0.7)
    """
    levels: Tensor = torch.unique(waveform.double().abs())
    if len(levels) < 2:
        return torch.finfo(torch.float32).eps * float(levels.amax()) if len(levels) else 0.0
    apart = levels.diff()
    step = apart[apart < 1.5 * apart.amin()].mean()  # near enough to count by: then the whole range tells it exactly
    step = apart.sum() / (apart / step).round().sum()
    multiples = levels / step
    if (multiples - multiples.round()).abs().amax() < _NEAR:
        return float(step) / 12**0.5
    return torch.finfo(torch.float32).eps * float(levels.amax())
