"""A-SPADE, against the algorithm written out frame by frame."""

import math

import numpy as np
import torch

from dap.dsp.declip_spade import declip_spade
from dap.dsp.tight_frame import TightFrame


def one_frame(low, high, n_fft, tolerance):
    """The frame of the turn with the least left."""
    x = np.clip(np.zeros(len(low)), low, high)
    u, best, made = np.zeros(n_fft, complex), np.inf, x
    for k in range(1, n_fft // 2 + 2):
        spec = np.fft.fft(x, n_fft, norm="ortho")
        half = np.abs(spec + u)[: n_fft // 2 + 1]
        least = np.sort(half)[-k]
        kept = half >= least
        z = (spec + u) * np.concatenate([kept, kept[1:-1][::-1]])  # with their conjugates
        left = np.linalg.norm(spec - z)
        if left <= best:
            best, made = left, x
        if left <= tolerance:
            break
        x = np.clip(np.real(np.fft.ifft(z - u, norm="ortho"))[: len(low)], low, high)
        u = u + np.fft.fft(x, n_fft, norm="ortho") - z
    return made


def test_it_is_the_algorithm_written_out(generator):
    waveform = torch.randn(1, 150, generator=generator, dtype=torch.float64).cumsum(1)
    lower = torch.where(waveform <= -3, -math.inf, waveform.clamp(max=3))
    upper = torch.where(waveform >= 3, math.inf, waveform.clamp(min=-3))
    frame = TightFrame(32, 8, 64)
    window = frame.window.numpy()
    low, high = (np.pad(bound[0].numpy(), (24, 24 + -150 % 8 + 32)) for bound in (lower, upper))
    expected = np.zeros(len(low))
    for start in range(0, len(low) - 32, 8):
        here = slice(start, start + 32)
        with np.errstate(invalid="ignore"):
            bounds = [np.nan_to_num(window * bound[here], nan=0.0, posinf=np.inf, neginf=-np.inf) for bound in (low, high)]
        expected[here] += window * one_frame(*bounds, 64, 0.1)
    expected = np.clip(expected[24:174], lower[0].numpy(), upper[0].numpy())
    assert np.abs(declip_spade(lower, upper, frame)[0].numpy() - expected).max() < 1e-9  # of a few units, in float64
