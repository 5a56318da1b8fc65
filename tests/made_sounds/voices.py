"""Speech-like sound from a formula: glottal pulses that ring a moving vocal tract, fricatives, pauses, and a noise floor."""

from dataclasses import dataclass, replace
import math

import numpy as np
import torch
from torch import Tensor

from dap.dsp.signals import coloured_noise

_TRANSITION_SECONDS = 0.02  # from one phone into the next
_RING_SECONDS = 0.04  # by then the narrowest resonance, of 63 Hz, has decayed by 69 dB, to below the noise floor
_FRICTIONS = {"s": (6000.0, 3000.0), "sh": (3000.0, 1500.0), "f": (4000.0, 8000.0)}  # centre and bandwidth, Hz


@dataclass(frozen=True)
class Phone:
    """One speech sound: its length, the lowest three resonances, and how loud its voice and its friction are."""

    seconds: float
    formants_hz: tuple[float, float, float]
    voice: float = 0.0
    friction: float = 0.0
    kind: str = ""


VOWELS = (  # the means over men of Peterson & Barney, "Control methods used in a study of the vowels", JASA 24(2), 1952
    Phone(0.15, (730.0, 1090.0, 2440.0), 1.0),
    Phone(0.13, (530.0, 1840.0, 2480.0), 0.8),
    Phone(0.12, (270.0, 2290.0, 3010.0), 0.6),
    Phone(0.14, (570.0, 840.0, 2410.0), 0.9),
    Phone(0.12, (300.0, 870.0, 2240.0), 0.6),
    Phone(0.10, (500.0, 1350.0, 1690.0), 0.6),
)
PAUSE = Phone(0.22, (500.0, 1500.0, 2500.0))
CLOSURE = Phone(0.06, (300.0, 1500.0, 2500.0))
CONSONANTS = (
    (Phone(0.09, (300.0, 1600.0, 2600.0), 0.0, 0.05, "s"),),
    (Phone(0.09, (300.0, 1800.0, 2400.0), 0.0, 0.05, "sh"),),
    (Phone(0.08, (300.0, 1100.0, 2300.0), 0.0, 0.015, "f"),),
    (CLOSURE, Phone(0.02, (350.0, 1700.0, 2600.0), 0.0, 0.08, "s")),  # t
    (CLOSURE, Phone(0.02, (300.0, 900.0, 2300.0), 0.0, 0.04, "f")),  # p
    (Phone(0.07, (250.0, 1200.0, 2200.0), 0.25),),  # m
    (Phone(0.06, (360.0, 1300.0, 2700.0), 0.4),),  # l
    (Phone(0.06, (270.0, 1600.0, 2500.0), 0.2, 0.025, "s"),),  # z
)


def speech(n_samples: int, sample_rate: int, pitch_hz: float, generator: torch.Generator) -> Tensor:
    """Syllables of a consonant and a vowel, a pause after every few, and a pink noise floor 60 dB below: (time,), peak 1.

    >>> speech(8000, 16000, 120.0, torch.Generator()).abs().max()
    tensor(1., dtype=torch.float64)
    """
    phones = sentence(n_samples / sample_rate, generator)
    seconds = np.arange(n_samples) / sample_rate
    lengths = np.array([phone.seconds for phone in phones])
    starts = lengths.cumsum() - lengths
    steady = np.stack([starts + _TRANSITION_SECONDS / 2, starts + lengths - _TRANSITION_SECONDS / 2], axis=1)  # (phone, 2)

    def track(values: list[float]) -> Tensor:
        return torch.from_numpy(np.interp(seconds, steady.ravel(), np.repeat(values, 2)))  # (time,)

    formants_hz = torch.stack([track([phone.formants_hz[k] for phone in phones]) for k in range(3)])
    glide_hz = np.interp(seconds, starts + lengths / 2, intonation(phones, pitch_hz, generator))
    voice = voiced(torch.from_numpy(glide_hz), formants_hz, sample_rate, generator)
    total = track([phone.voice for phone in phones]) * voice / voice.abs().max()
    for kind, (centre_hz, bandwidth_hz) in _FRICTIONS.items():
        loudness = track([phone.friction * (phone.kind == kind) for phone in phones])
        total += loudness * friction(n_samples, centre_hz, bandwidth_hz, sample_rate, generator)
    total = total / total.abs().max() + 1e-3 * coloured_noise((n_samples,), 1.0, generator)
    return total / total.abs().max()


def sentence(seconds: float, generator: torch.Generator) -> list[Phone]:
    """Phones, drawn one syllable after another, that last at least so long; vowels are up to 6 dB softer than others."""
    phones = [Phone(0.05, PAUSE.formants_hz)]
    while sum(phone.seconds for phone in phones) < seconds:
        for _ in range(_draw(4, generator) + 4):
            vowel = VOWELS[_draw(len(VOWELS), generator)]
            stress = 0.5 ** float(torch.rand((), generator=generator))
            phones += (*CONSONANTS[_draw(len(CONSONANTS), generator)], replace(vowel, voice=stress * vowel.voice))
        phones.append(PAUSE)
    return phones


def intonation(phones: list[Phone], pitch_hz: float, generator: torch.Generator) -> list[float]:
    """A pitch for the middle of each phone: it falls by a fifth from pause to pause, and wanders by some 6 per cent."""
    pitches, since_pause = [], 0
    for phone in phones:
        since_pause = 0 if phone is PAUSE else since_pause + 1
        wander = float(torch.randn((), generator=generator))
        pitches.append(pitch_hz * (1.1 - 0.02 * since_pause) * 1.06**wander)
    return pitches


def voiced(pitch_hz: Tensor, formants_hz: Tensor, sample_rate: int, generator: torch.Generator) -> Tensor:
    """A voice without an end: each glottal pulse rings the resonances as they are at that moment, and none is aliased.

    Periods vary by 0.5 per cent and loudness by 3, as a speaker's do.

    Args:
        pitch_hz: (time,), float64.
        formants_hz: (3, time); those above lie at 3.5 kHz, 4.5 kHz, …, as in a tube of 17 cm.

    Returns:
        (time,), float64, of no particular level.
    """
    n_samples = len(pitch_hz)
    phase = (pitch_hz / sample_rate).cumsum(0).numpy()
    times = torch.from_numpy(np.interp(np.arange(1, int(phase[-1]) + 1), phase, np.arange(n_samples)))  # (pulse,), in samples
    jitter, shimmer = torch.randn((2, len(times)), generator=generator, dtype=torch.float64)
    times = (times + 0.005 * jitter * sample_rate / pitch_hz[times.long()]).clamp(0, n_samples - 1)
    n_fft = 2 ** math.ceil(math.log2(_RING_SECONDS * sample_rate))
    frequency = torch.fft.rfftfreq(n_fft, 1 / sample_rate, dtype=torch.float64)
    spec = 1j * frequency / (60 + 1j * frequency) / (1 + 1j * frequency / 400) / (1 + 1j * frequency / 1200)  # one pulse
    for centre in torch.arange(3500.0, sample_rate / 2 + 1000, 1000):
        spec = spec * resonance(centre, frequency)
    spec = spec * (1 + 0.03 * shimmer)[:, None] * torch.exp(-2j * math.pi * frequency / sample_rate * times.frac()[:, None])
    for centre in formants_hz[:, times.long(), None]:  # (pulse, 1)
        spec *= resonance(centre, frequency)  # (pulse, freq)
    total = torch.zeros(n_samples + n_fft, dtype=torch.float64)
    total.index_add_(0, (times.long()[:, None] + torch.arange(n_fft)).ravel(), torch.fft.irfft(spec, n_fft).ravel())
    return total[:n_samples]


def resonance(centre_hz: Tensor, frequency_hz: Tensor) -> Tensor:
    """The gain of a damped mass on a spring, 1 at low frequencies: complex, of a bandwidth of 50 Hz + a twentieth."""
    return centre_hz**2 / (centre_hz**2 - frequency_hz**2 + 1j * frequency_hz * (50 + centre_hz / 20))


def friction(n_samples: int, centre_hz: float, bandwidth_hz: float, sample_rate: int, generator: torch.Generator) -> Tensor:
    """Noise of one resonance, as air through a narrow gap makes it: (time,), RMS 1."""
    noise = torch.randn(n_samples, generator=generator, dtype=torch.float64)
    frequency = torch.fft.rfftfreq(n_samples, 1 / sample_rate, dtype=torch.float64)
    gain = (1 + ((frequency - centre_hz) / (bandwidth_hz / 2)) ** 2) ** -0.5
    shaped = torch.fft.irfft(gain * torch.fft.rfft(noise), n_samples)
    return shaped / shaped.square().mean().sqrt()


def _draw(n: int, generator: torch.Generator) -> int:
    return int(torch.randint(n, (), generator=generator))
