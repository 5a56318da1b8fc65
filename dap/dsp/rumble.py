"""Rumble: what moves as noise does below the lowest pitch, found blindly."""

import math

import torch
from torch import Tensor
import torch.nn.functional as F

from dap.dsp.tight_frame import TightFrame

_EDGE_HERTZ = 60.0  # rumble lies below; what is there in a recording of the lowest pitches is told by its partials
_PITCH_HERTZ = 12.0  # below it nothing is heard
_SOUND_HERTZ = 80.0  # above it is the sound
_FRAME_SECONDS, _OVERLAP = 0.25, 4
_LEAST_SECONDS = 1.0  # of what is shorter nobody can tell a note from noise
_QUIET, _STILL = 0.25, 0.05  # of the time
_ABOVE_QUIET = 4.0  # times the power of the quietest quarter: so far noise moves about
_PARTIAL = 0.2  # a pitch's second or third partial has at least so much of the first one's power
_HARMLESS = 0.01  # of the sound's power: rumble as weak as this is not heard, and clean recordings have it


def rumble(waveform: Tensor, sample_rate: int) -> Tensor:
    """The rumble in a waveform, drift and a constant offset with it: to be subtracted.

    In frames of a quarter of a second the power of a bin below 60 Hz counts as noise as far as it is at most 6 dB above that of
    the quietest quarter of the time: a thump, or a note that ends, lies higher. Where the second or the third partial has a
    fifth of a bin's power even when both are weakest there is a pitch, and no rumble; below 12 Hz there is none. Of the noise
    goes what exceeds 1 % of the sound's power, spread evenly from 0 to 60 Hz.

    Args:
        waveform: (channel, time); each channel is on its own.
        sample_rate: Hz.

    Returns:
        (channel, time); zeros for what is shorter than 1 s.

    >>> time = torch.arange(32000) / 8000
    >>> tone, sway = torch.sin(2 * torch.pi * 440 * time)[None], torch.sin(2 * torch.pi * 9 * time)[None]
    >>> round(float((rumble(tone + sway, 8000) - sway)[:, 4000:-4000].abs().max()), 2)
    0.0
    >>> round(float(rumble(tone, 8000).abs().max()), 3)
    0.0
    """
    if waveform.shape[-1] < _LEAST_SECONDS * sample_rate or sample_rate < 4 * _SOUND_HERTZ:
        return torch.zeros_like(waveform)
    n_window = 2 ** round(math.log2(_FRAME_SECONDS * sample_rate))
    frame = TightFrame(n_window, n_window // _OVERLAP).to(waveform.device)
    spec = frame.analysis(F.pad(waveform, (n_window, n_window), mode="reflect"))  # (channel, n_freq, n_frames)
    width = sample_rate / n_window  # Hz from bin to bin
    n_low = math.ceil(_EDGE_HERTZ / width) + 1
    energy = spec[:, : 3 * n_low + 1].abs().square()
    whole = energy[..., 2 * _OVERLAP - 1 : energy.shape[-1] - 2 * _OVERLAP + 1]  # of frames that the waveform fills
    mean, quiet, still = (  # (channel, bin)
        _smooth(power) for power in (whole.mean(-1), whole.quantile(_QUIET, -1), whole.quantile(_STILL, -1))
    )
    low = torch.arange(n_low, device=waveform.device)
    above = still.where(torch.arange(still.shape[-1], device=still.device) >= n_low, 0.0)  # rumble is no partial of rumble
    partials = torch.maximum(_near(above, 2 * low), _near(above, 3 * low))
    noise = torch.minimum(mean[:, :n_low], _ABOVE_QUIET * quiet[:, :n_low])
    noise = noise.where(partials < _PARTIAL * still[:, :n_low], 0.0)
    noise = noise.where(low * width >= _PITCH_HERTZ, mean[:, :n_low])
    sound = spec[:, math.ceil(_SOUND_HERTZ / width) :].abs().square().mean(-1).sum(-1, keepdim=True)  # (channel, 1)
    over = (noise - sound * _HARMLESS * width / _EDGE_HERTZ).clamp(min=0)
    share = over / mean[:, :n_low].clamp(min=torch.finfo(mean.dtype).tiny)
    made = torch.zeros_like(spec)
    made[:, :n_low] = spec[:, :n_low] * share[..., None]
    return frame.synthesis(made, waveform.shape[-1] + 2 * n_window)[..., n_window:-n_window]


def _smooth(power: Tensor) -> Tensor:
    """The mean over three bins, those at the ends twice; (channel, bin)."""
    beside = F.pad(power[:, None], (1, 1), mode="replicate")
    return F.avg_pool1d(beside, 3, 1)[:, 0]


def _near(power: Tensor, bins: Tensor) -> Tensor:
    """The largest of the bins and their neighbors."""
    last = power.shape[-1] - 1
    return torch.stack([power[:, (bins + shift).clamp(max=last)] for shift in (-1, 0, 1)]).amax(0)
