"""Samples from those around them: straight lines and cubic splines through samples at any places."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

KINDS = ("linear", "spline")


def interpolate_missing(waveform: Tensor, missing: Tensor, kind: str) -> Tensor:
    """The waveform, what is missing replaced by a line through what is not; before the first and after the last sample, level.

    Args:
        waveform: (..., time); what stands at the missing samples does not matter.
        missing: (time,), True for each missing sample. Where all are, the result is 0.
        kind: "linear", or "spline": the cubic spline through all observed samples (smooth, so it swings out over long gaps).

    Raises:
        ValueError: another kind; a spline, and scipy is not installed.

    >>> ramp = torch.tensor([[0.0, 1.0, 9.0, 3.0, 9.0]])
    >>> interpolate_missing(ramp, torch.tensor([False, False, True, False, True]), "linear").tolist()
    [[0.0, 1.0, 2.0, 3.0, 3.0]]
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    known, wanted = (places.nonzero()[:, 0].cpu().numpy() for places in (~missing, missing))
    rows = waveform.detach().reshape(-1, waveform.shape[-1]).double().cpu().numpy().copy()  # (rows, time)
    if known.size == 0:
        return torch.zeros_like(waveform)
    if kind == "linear" or known.size == 1:
        for row in rows:
            row[wanted] = np.interp(wanted, known, row[known])
    else:
        spline = _cubic_spline()(known, rows[:, known], axis=1)
        rows[:, wanted] = spline(wanted.clip(known[0], known[-1]))
    filled = torch.from_numpy(rows).reshape(waveform.shape).to(waveform)
    return torch.where(missing.to(waveform.device), filled, waveform)


def _cubic_spline() -> Any:
    try:
        from scipy.interpolate import CubicSpline
    except ImportError as error:
        raise ValueError("a cubic spline needs scipy: pip install 'dap[baselines]'") from error
    return CubicSpline
