"""The sounds of a report: excerpts that fit into a page, at one gain, each with its picture."""

from dataclasses import dataclass, replace
from typing import TypeVar

from torch import Tensor
from torch.nn.functional import pad

from dap.audio.sound_file import encode_flac
from dap.record.mel_pictures import mel_pictures

MAX_SECONDS = 30  # of each sound
MAX_SNAPSHOTS, _MAX_SNAPSHOTS_OF_LONG = 12, 4
_MAX_BYTES = 5_400_000  # of all sounds: in base64 they take 7.2 MB of a page of 8
_COLUMNS, _COLUMNS_OF_SNAPSHOTS = 1000, 500  # of a picture
_MAX_MATCHED = 30.0  # no near-silence is made louder than this
DIFFERENCE = "taken away"

Item = TypeVar("Item")


@dataclass(frozen=True)
class PageSound:
    """One sound as the page holds it.

    Args:
        name: on the page.
        waveform: (channel, time), at the page's gain: within ±1.
        step: of a snapshot.
        minus: of a difference, the names of the sounds that it is made of; the page makes it.
        matched: the gain that brings it to the level of the others.
        content: FLAC; of a difference nothing.
        picture: PNG.
    """

    name: str
    waveform: Tensor
    step: int | None = None
    minus: tuple[str, str] | None = None
    matched: float = 1.0
    content: bytes = b""
    picture: bytes = b""


@dataclass(frozen=True)
class PageSounds:
    """All that a page holds, how long each is, and what was left out, in words."""

    sounds: list[PageSound]
    seconds: float
    notes: list[str]


def page_sounds(
    sounds: dict[str, Tensor],
    snapshots: list[tuple[int, Tensor]],
    sample_rate: int,
    minus: tuple[str, str] | None = None,
    max_bytes: int = _MAX_BYTES,
) -> PageSounds:
    """What a page holds: the first 30 s of each sound, and 12 snapshots; of long sounds less, so that it fits.

    Args:
        sounds: (channel, time), by name; the level of the first is that of all, once matched.
        snapshots: (step, sound), in order.
        sample_rate: Hz.
        minus: names of two sounds of one shape; what the first has more than the second is one more sound.
        max_bytes: of all files together.

    >>> import torch
    >>> page = page_sounds({"reference": torch.full((1, 80), 2.0), "restored": torch.full((1, 80), 0.5)}, [], 8000)
    >>> [(sound.name, float(sound.waveform.max()), sound.matched) for sound in page.sounds], page.seconds
    ([('reference', 1.0, 1.0), ('restored', 0.25, 4.0)], 0.01)
    """
    n_samples = max(sound.shape[-1] for sound in sounds.values())
    every = [PageSound(name, sound) for name, sound in sounds.items()]
    if minus is not None:
        every.append(PageSound(DIFFERENCE, sounds[minus[0]] - sounds[minus[1]], minus=minus))
    every += [PageSound(f"step {step}", sound, step) for step, sound in spread(snapshots, MAX_SNAPSHOTS)]
    held = _fitted(_at_one_gain(_cut(every, min(n_samples, MAX_SECONDS * sample_rate))), sample_rate, max_bytes)
    columns = [_COLUMNS if sound.step is None else _COLUMNS_OF_SNAPSHOTS for sound in held]
    pictures = mel_pictures([sound.waveform for sound in held], sample_rate, columns)
    matched = _matched([sound.waveform for sound in held], [sound.minus is not None for sound in held])
    held = [replace(sound, picture=picture, matched=gain) for sound, picture, gain in zip(held, pictures, matched, strict=True)]
    seconds = held[0].waveform.shape[-1] / sample_rate
    return PageSounds(held, seconds, _notes(every, held, n_samples / sample_rate, seconds))


def spread(items: list[Item], n_kept: int) -> list[Item]:
    """So many of them, evenly spread, first and last among them.

    >>> spread(list(range(11)), 3), spread([1, 2], 3)
    ([0, 5, 10], [1, 2])
    """
    n_kept = min(n_kept, len(items))
    return [items[round(index * (len(items) - 1) / max(1, n_kept - 1))] for index in range(n_kept)]


def _cut(sounds: list[PageSound], n_samples: int) -> list[PageSound]:
    """All equally long; a shorter one is followed by silence."""
    return [
        replace(sound, waveform=pad(sound.waveform[..., :n_samples], (0, max(0, n_samples - sound.waveform.shape[-1]))))
        for sound in sounds
    ]


def _at_one_gain(sounds: list[PageSound]) -> list[PageSound]:
    """The gain is 1, or what leaves none beyond full scale."""
    peak = max(1.0, *(float(sound.waveform.abs().max()) for sound in sounds))
    return [replace(sound, waveform=sound.waveform / peak) for sound in sounds]


def _fitted(sounds: list[PageSound], sample_rate: int, max_bytes: int) -> list[PageSound]:
    """With their files: where these are too large, of fewer snapshots and those mono; then all of them shorter."""
    encoded = _encoded(sounds, sample_rate)
    if _size(encoded) > max_bytes:
        snapshots = spread([sound for sound in sounds if sound.step is not None], _MAX_SNAPSHOTS_OF_LONG)
        mono = [replace(sound, waveform=sound.waveform.mean(0, keepdim=True)) for sound in snapshots]
        sounds = [*(sound for sound in sounds if sound.step is None), *mono]
        encoded = _encoded(sounds, sample_rate)
    while (size := _size(encoded)) > max_bytes:
        n_samples = int(0.97 * max_bytes / size * encoded[0].waveform.shape[-1])
        encoded = _encoded(_cut(sounds, n_samples), sample_rate)
    return encoded


def _encoded(sounds: list[PageSound], sample_rate: int) -> list[PageSound]:
    return [sound if sound.minus else replace(sound, content=encode_flac(sound.waveform, sample_rate)) for sound in sounds]


def _size(sounds: list[PageSound]) -> int:
    return sum(len(sound.content) for sound in sounds)


def _matched(waveforms: list[Tensor], apart: list[bool]) -> list[float]:
    """Gains to the RMS of the first; all of them less where one would clip, but for those apart, which are limited alone."""
    rms = [max(1e-9, float(waveform.square().mean().sqrt())) for waveform in waveforms]
    gains = [min(rms[0] / one, _MAX_MATCHED) for one in rms]
    peaks = [gain * float(waveform.abs().max()) for gain, waveform in zip(gains, waveforms, strict=True)]
    common = max(1.0, *(peak for peak, alone in zip(peaks, apart, strict=True) if not alone))
    return [gain / (max(common, peak) if alone else common) for gain, peak, alone in zip(gains, peaks, apart, strict=True)]


def _notes(wanted: list[PageSound], held: list[PageSound], seconds: float, held_seconds: float) -> list[str]:
    notes = []
    if held_seconds < seconds:
        notes.append(
            f"The player holds the first {held_seconds:.3g} s of {seconds:.3g} s; the files beside this page hold all."
        )
    if any(sound.step is not None and sound.waveform.shape[0] < wanted[0].waveform.shape[0] for sound in held):
        notes.append("The snapshots are mono here.")
    return notes
