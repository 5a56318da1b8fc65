"""Plucked, struck, bowed and blown notes from a formula, at 44.1 kHz: sums of partials, each with its own decay.

Each note is called with (pitch_hz, n_samples, generator) and is (time,), float64, at peak 1.
"""

import math

import torch
from torch import Tensor

from dap.dsp.signals import coloured_noise

RATE = 44100
_HIGHEST_HZ = 20000.0  # a partial above it is left out
_BAR = (1.0, 3.93, 9.6, 16.0)  # a marimba's, whose first overtone is tuned to two octaves
_MEMBRANE = (1.0, 1.594, 2.136, 2.296, 2.653, 2.918, 3.156, 3.501, 3.600, 3.652, 4.060, 4.154)  # zeros of Bessel functions


def partials(pitch_hz: Tensor, ratios: Tensor, amplitudes: Tensor, decay_seconds: Tensor, generator: torch.Generator) -> Tensor:
    """Sum of aₖ exp(−t / τₖ) sin(rₖ φ(t) + θₖ), where φ turns at the pitch and the phases θₖ are drawn: (time,), float64.

    Amplitudes are drawn too, by a tenth: no two notes are alike.

    Args:
        pitch_hz: (time,), float64.
        ratios, amplitudes, decay_seconds: (partial,): frequency over the pitch, aₖ, and τₖ, which may be infinite.
    """
    phase = 2 * math.pi * (pitch_hz / RATE).cumsum(0)
    seconds = torch.arange(len(pitch_hz), dtype=torch.float64) / RATE
    starts = 2 * math.pi * torch.rand(ratios.shape, generator=generator, dtype=torch.float64)
    varied = amplitudes * (1 + 0.1 * torch.randn(amplitudes.shape, generator=generator, dtype=torch.float64))
    total = torch.zeros_like(phase)
    for ratio, amplitude, decay, start in torch.stack([ratios, varied, decay_seconds, starts], dim=1).tolist():
        if ratio * float(pitch_hz.max()) < _HIGHEST_HZ:
            heard = slice(round(min(10 * decay, seconds[-1].item()) * RATE) + 1)  # 10 τ: 87 dB down
            total[heard] += amplitude * torch.exp(-seconds[heard] / decay) * torch.sin(ratio * phase[heard] + start)
    return total


def plucked(pitch_hz: float, n_samples: int, generator: torch.Generator) -> Tensor:
    """A stiff string, plucked at a fifth of its length: the higher a partial, the sharper it is and the sooner it dies."""
    k = _numbers(60)
    ratios = k * (1 + 1e-4 * k**2).sqrt()
    decay = 1 / (0.8 + (ratios * pitch_hz / 800) ** 2)
    note = partials(_steady(pitch_hz, n_samples), ratios, (math.pi * k / 5).sin() / k**1.5, decay, generator)
    return _begun(note, 0.003)


def struck_bar(pitch_hz: float, n_samples: int, generator: torch.Generator) -> Tensor:
    """A marimba's bar: a few partials far apart."""
    ratios = torch.tensor(_BAR, dtype=torch.float64)
    return _begun(partials(_steady(pitch_hz, n_samples), ratios, ratios**-1.2, 0.5 / ratios, generator), 0.002)


def struck_membrane(pitch_hz: float, n_samples: int, generator: torch.Generator) -> Tensor:
    """A drum: inharmonic partials close together that die soon, and the noise of the blow."""
    ratios = torch.tensor(_MEMBRANE, dtype=torch.float64)
    note = partials(_steady(pitch_hz, n_samples), ratios, 1 / ratios, 0.3 / ratios, generator)
    blow = torch.exp(-torch.arange(n_samples, dtype=torch.float64) / (0.02 * RATE))
    return _begun(note + 0.5 * blow * coloured_noise((n_samples,), 1.0, generator), 0.002)


def bowed(pitch_hz: float, n_samples: int, generator: torch.Generator) -> Tensor:
    """A string that sticks and slips, a sawtooth, through the resonances of a body, with vibrato and the noise of the bow."""
    k = _numbers(60)
    frequency = k * pitch_hz
    body = sum(1 / (1 + ((frequency - centre) / width) ** 2) for centre, width in ((230, 80), (500, 150), (1200, 500)))
    amplitudes = (0.15 + body) / k / (1 + (frequency / 3000) ** 2).sqrt()
    note = partials(_vibrato(pitch_hz, n_samples, 0.006, generator), k, amplitudes, torch.full_like(k, math.inf), generator)
    return _sustained(note, 0.08, 0.01, generator)


def blown(
    pitch_hz: float,
    n_samples: int,
    generator: torch.Generator,
    bright_hz: float = 1000.0,
    slope: float = 3.0,
    depth: float = 0.0,
) -> Tensor:
    """A wind instrument: harmonics are alike up to ``bright_hz`` and fall as frequency^−slope above it; breath; vibrato."""
    k = _numbers(60)
    amplitudes = (k * pitch_hz / bright_hz).clamp(min=1) ** -slope
    note = partials(_vibrato(pitch_hz, n_samples, depth, generator), k, amplitudes, torch.full_like(k, math.inf), generator)
    return _sustained(note, 0.04, 0.003, generator)


def organ(pitch_hz: float, n_samples: int, generator: torch.Generator) -> Tensor:
    """A pipe without vibrato: nearly stationary."""
    k = _numbers(24)
    note = partials(_steady(pitch_hz, n_samples), k, k**-2, torch.full_like(k, math.inf), generator)
    return _sustained(note, 0.05, 0.001, generator)


def _numbers(n: int) -> Tensor:
    return torch.arange(1, n + 1, dtype=torch.float64)


def _steady(pitch_hz: float, n_samples: int) -> Tensor:
    return torch.full((n_samples,), pitch_hz, dtype=torch.float64)


def _vibrato(pitch_hz: float, n_samples: int, depth: float, generator: torch.Generator) -> Tensor:
    """The pitch, so far up and down (0.006: a tenth of a semitone) at 5.5 Hz once 0.2 s are over; 0.1 per cent unsteady."""
    seconds = torch.arange(n_samples, dtype=torch.float64) / RATE
    vibrato = depth * (seconds / 0.2).clamp(max=1) * torch.sin(2 * math.pi * 5.5 * seconds)
    return pitch_hz * (1 + vibrato + 0.001 * coloured_noise((n_samples,), 2.0, generator))


def _begun(note: Tensor, rise_seconds: float) -> Tensor:
    """Rises from nothing within so long."""
    rise = (torch.arange(len(note), dtype=torch.float64) / (rise_seconds * RATE)).clamp(max=1)
    note = (0.5 - 0.5 * torch.cos(math.pi * rise)) * note
    return note / note.abs().max()


def _sustained(note: Tensor, rise_seconds: float, noise_std: float, generator: torch.Generator) -> Tensor:
    """Rises, and falls in the end; held, its loudness wavers by 5 per cent, and there is noise of the bow or the breath."""
    loudness = 1 + 0.05 * coloured_noise((len(note),), 1.0, generator)
    note = loudness * (note / note.abs().max() + noise_std * coloured_noise((len(note),), 1.0, generator))
    return _begun(_begun(note, rise_seconds).flip(0), rise_seconds).flip(0)
