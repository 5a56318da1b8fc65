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
_FLOOR, _OF_EXPONENTIAL = 0.25, 0.288  # quantile of the bins above; of noise's power the quarter's quantile over the mean
_ABOVE_FLOOR = 2.0  # times the noise above, at least, is rumble
_HARMLESS = 0.01  # of the sound's power: rumble as weak as this is not heard, and clean recordings have it


def rumble(waveform: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    """The rumble in a waveform, drift and a constant offset with it; and as much of it as clean recordings have.

    In frames of a quarter of a second the power of a bin below 60 Hz counts as noise as far as it is at most 6 dB above that of
    the quietest quarter of the time: a thump, or a note that ends, lies higher. Where the second or the third partial has a
    fifth of a bin's power even when both are weakest there is a pitch, and no rumble; below 12 Hz there is none. What is no
    stronger than the noise above 80 Hz is left to a denoiser. The rest is rumble as far as its power exceeds 1 % of the
    sound's, falling by 6 dB an octave from 12 to 60 Hz: clean recordings have as much, and a Wiener filter puts it back.

    Args:
        waveform: (channel, time); each channel is on its own.
        sample_rate: Hz.

    Returns:
        (channel, time) each, zeros for what is shorter than 1 s: all that is to be taken out of the waveform, and what is to be
        put back once the noise above is gone.

    >>> time = torch.arange(32000) / 8000
    >>> tone, sway = torch.sin(2 * torch.pi * 440 * time)[None], torch.sin(2 * torch.pi * 9 * time)[None]
    >>> below, harmless = rumble(tone + sway, 8000)
    >>> round(float((below - sway)[:, 4000:-4000].abs().max()), 2), round(float(harmless.abs().max()), 2)
    (0.0, 0.0)
    >>> round(float(rumble(tone, 8000)[0].abs().max()), 3)
    0.0
    """
    if waveform.shape[-1] < _LEAST_SECONDS * sample_rate or sample_rate < 4 * _SOUND_HERTZ:
        return torch.zeros_like(waveform), torch.zeros_like(waveform)
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
    floor = quiet[:, n_low:].quantile(_FLOOR, -1, keepdim=True) / _OF_EXPONENTIAL  # of the noise above, (channel, 1)
    noise = noise.where(noise > _ABOVE_FLOOR * floor, 0.0)
    sound = spec[:, math.ceil(_SOUND_HERTZ / width) :].abs().square().mean(-1).sum(-1, keepdim=True)  # (channel, 1)
    falling = (low * width).clamp(min=_PITCH_HERTZ) ** -2.0  # (bin,): 6 dB an octave
    allowed = sound * _HARMLESS * falling / falling[low * width >= _PITCH_HERTZ].sum()
    found = noise > allowed
    left = (1 - (noise - allowed) / mean[:, :n_low].clamp(min=torch.finfo(mean.dtype).tiny)).where(
        low * width >= _PITCH_HERTZ, 0.0
    )
    parts = []
    for share in (found.to(mean), left.where(found, 0.0)):
        made = torch.zeros_like(spec)
        made[:, :n_low] = spec[:, :n_low] * share[..., None]
        parts.append(frame.synthesis(made, waveform.shape[-1] + 2 * n_window)[..., n_window:-n_window])
    return parts[0], parts[1]


def _smooth(power: Tensor) -> Tensor:
    """The mean over three bins, those at the ends twice; (channel, bin)."""
    beside = F.pad(power[:, None], (1, 1), mode="replicate")
    return F.avg_pool1d(beside, 3, 1)[:, 0]


def _near(power: Tensor, bins: Tensor) -> Tensor:
    """The largest of the bins and their neighbors."""
    last = power.shape[-1] - 1
    return torch.stack([power[:, (bins + shift).clamp(max=last)] for shift in (-1, 0, 1)]).amax(0)
