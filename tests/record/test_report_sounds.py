"""Sounds of a page: within its size, at one gain or one level, and none clips."""

import io
import math

import pytest
import soundfile
import torch

from dap.record.report_sounds import page_sounds

RATE = 8000
TONE = 0.3 * torch.sin(torch.arange(RATE) * 0.3).expand(2, -1)


def noise(seed: int, level: float = 0.1) -> torch.Tensor:
    return level * torch.randn(2, RATE, generator=torch.Generator().manual_seed(seed))


def test_matched_sounds_have_the_level_of_the_first_and_do_not_clip():
    click = torch.zeros(2, RATE)
    click[:, 7] = 0.5  # as loud as the tone it would be far beyond full scale
    page = page_sounds({"reference": TONE, "restored": noise(0), "click": click}, [(3, 0.1 * TONE)], RATE)
    levels = [sound.matched * float(sound.waveform.square().mean().sqrt()) for sound in page.sounds]
    peaks = [sound.matched * float(sound.waveform.abs().max()) for sound in page.sounds]
    assert max(peaks) == pytest.approx(1)
    for level in (levels[1], levels[3]):
        assert level == pytest.approx(levels[0])


def test_silence_stays_finite():
    page = page_sounds({"reference": TONE, "restored": torch.zeros(2, RATE)}, [], RATE, ("reference", "restored"))
    assert all(math.isfinite(sound.matched) for sound in page.sounds)


def test_what_was_taken_away_counts_for_the_gain_too():
    page = page_sounds({"observation": 0.8 * TONE / 0.3, "restored": -0.8 * TONE / 0.3}, [], RATE, ("observation", "restored"))
    assert page.sounds[2].content == b""
    assert float(page.sounds[2].waveform.abs().max()) == pytest.approx(1)


def test_too_much_is_made_to_fit_and_said():
    sounds, snapshots = {"observation": noise(0), "restored": noise(1)}, [(step, noise(step)) for step in range(20)]
    page = page_sounds(sounds, snapshots, RATE, max_bytes=40_000)
    assert sum(len(sound.content) for sound in page.sounds) <= 40_000
    held = [soundfile.read(io.BytesIO(sound.content), always_2d=True)[0].shape for sound in page.sounds]
    assert {length for length, _ in held} == {round(page.seconds * RATE)}
    assert [channels for _, channels in held] == [2, 2, 1, 1, 1, 1]
    assert f"the first {page.seconds:.3g} s of 1 s" in page.notes[0]
    assert "mono" in page.notes[1]


def test_thirty_seconds_and_twelve_snapshots_are_the_most():
    long = torch.zeros(1, 31 * RATE)
    page = page_sounds({"observation": long}, [(step, long) for step in range(40)], RATE)
    steps = [sound.step for sound in page.sounds[1:]]
    assert (page.seconds, len(steps), steps[0], steps[-1]) == (30, 12, 0, 39)
