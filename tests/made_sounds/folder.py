"""A folder of made sounds under the names that tests know recordings by: each a stand-in of the same kind and sample rate."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
import zlib

import soundfile
import torch
from torch import Tensor

from dap.dsp.signals import coloured_noise
from tests.made_sounds.instruments import RATE, blown, bowed, organ, plucked, struck_bar, struck_membrane
from tests.made_sounds.noises import hum, rain
from tests.made_sounds.voices import speech

PEAK = 0.8  # of full scale
PAIRS = {"p287_001": 15.0, "p287_002": 10.0, "p287_003": 5.0, "p287_004": 15.0, "p287_005": 10.0, "p287_006": 5.0}
"""SNR in dB; in odd ones it rains, and under the others there is hum."""
OVERLOADED = "speech_other/vctk22_hifigan_ms_gt_1"
"""A recording that was too loud: its upper peaks, not its lower ones, are at full scale."""


def voice(pitch_hz: float, seconds: float, sample_rate: int, generator: torch.Generator) -> tuple[Tensor, int]:
    """A sentence, and its rate."""
    return speech(round(seconds * sample_rate), sample_rate, pitch_hz, generator), sample_rate


def music(
    note: Callable[[float, int, torch.Generator], Tensor],
    pitches_hz: tuple[float, ...],
    generator: torch.Generator,
    step_seconds: float = 0.0,
    hold_seconds: float = 3.4,
    seconds: float = 3.4,
) -> tuple[Tensor, int]:
    """Notes, each begun a step after the one before, over pink noise 66 dB below their peak; and its rate."""
    n_samples = round(seconds * RATE)
    total = torch.zeros(n_samples, dtype=torch.float64)
    for index, pitch_hz in enumerate(pitches_hz):
        start = round(index * step_seconds * RATE)
        stop = min(start + round(hold_seconds * RATE), n_samples)
        total[start:stop] += note(pitch_hz, stop - start, generator)
    return total / total.abs().max() + 0.5e-3 * coloured_noise((n_samples,), 1.0, generator), RATE


_flute = partial(blown, bright_hz=440.0, slope=2.5)
_oboe = partial(blown, bright_hz=4000.0, slope=4.0)
_trumpet = partial(blown, bright_hz=1200.0, slope=2.5, depth=0.006)
_CHORD = (82.4, 123.5, 146.8, 196.0, 247.0, 370.0)
_TUNE = (262.0, 330.0, 392.0, 523.0, 392.0, 294.0, 349.0, 440.0, 587.0, 440.0)

SOUNDS: dict[str, Callable[[torch.Generator], tuple[Tensor, int]]] = {
    **{f"speech_lj/LJ001-{k:04}": partial(voice, 200.0, 3.2, 22050) for k in (1, *range(3, 15), 21)},
    "speech_lj/LJ001-0002": partial(voice, 200.0, 41885 / 22050, 22050),
    "speech_other/vctk16_p226_003": partial(voice, 120.0, 3.2, 16000),
    "speech_other/sms_speech_male": partial(voice, 110.0, 3.2, 44100),
    "speech_other/vctk48_p286_011": partial(voice, 130.0, 2.4, 48000),
    "music_solo/sms_flute-A4": partial(music, _flute, (440.0,), seconds=2.15),
    "music_solo/sms_oboe-A4": partial(music, _oboe, (440.0,)),
    "music_solo/librosa_trumpet": partial(music, _trumpet, (349.2, 440.0, 523.3, 440.0), step_seconds=0.8, hold_seconds=0.75),
    "music_solo/sms_organ-C3": partial(music, organ, (130.8,)),
    "music_solo/sms_cello-double": partial(music, bowed, (146.8, 220.0)),
    "music_solo/tinysol_contrabass_A2": partial(music, bowed, (110.0,)),
    "music_solo/sonicpi_guit_em9": partial(music, plucked, _CHORD, step_seconds=0.3),
    "music_solo/berklee_marimba_nonsense_1": partial(music, struck_bar, _TUNE, step_seconds=0.3),
    "music_solo/sms_bendir": partial(music, struck_membrane, (130.0,) * 8, step_seconds=0.4),
}
"""What makes (waveform, rate) of each file at PEAK."""


def make_folder(folder: Path, names: Iterable[str] = SOUNDS) -> None:
    """Write these sounds, the overloaded one and the pairs, in 16 bits; each file's generator is seeded by its name."""
    for name in names:
        waveform, rate = SOUNDS[name](_generator(name))
        _write(folder / f"{name}.flac", PEAK * waveform / waveform.abs().max(), rate)
    loud, rate = voice(120.0, 3.2, 22050, _generator(OVERLOADED))
    _write(folder / f"{OVERLOADED}.flac", (-0.95 / loud.max() * loud).clamp(max=1), rate)  # its pulses point down, then up
    for index, (name, snr_db) in enumerate(PAIRS.items()):
        clean, noisy, rate = _pair(snr_db, (rain, hum)[index % 2], _generator(name))
        _write(folder / "pairs_noisy_clean" / f"{name}_clean.flac", clean, rate)
        _write(folder / "pairs_noisy_clean" / f"{name}_noisy.flac", noisy, rate)


def _pair(snr_db: float, noise: Callable[..., Tensor], generator: torch.Generator) -> tuple[Tensor, Tensor, int]:
    """A sentence, the same in noise, and their rate; the louder of the two is at PEAK."""
    clean, rate = voice(150.0, 2.0, 16000, generator)
    gain = clean.square().mean().sqrt() * 10 ** (-snr_db / 20)
    noisy = clean + gain * noise(len(clean), rate, generator)
    level = PEAK / torch.maximum(clean.abs().max(), noisy.abs().max())
    return level * clean, level * noisy, rate


def _generator(name: str) -> torch.Generator:
    return torch.Generator().manual_seed(zlib.crc32(name.encode()))


def _write(path: Path, waveform: Tensor, rate: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform.numpy(), rate, subtype="PCM_16")
