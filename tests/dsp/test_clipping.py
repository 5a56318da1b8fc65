"""Where a recording was clipped: found in every clipped one, and in none that was not."""

import math

import pytest
import torch

from dap.audio.sound_file import read_audio
from dap.dsp.clipping import flat_tops, level_of_sdr

CLIPS = ["speech_lj/LJ001-0013", "speech_other/vctk48_p286_011", "music_solo/sms_flute-A4", "music_solo/librosa_trumpet"]
CLIPS += ["music_solo/tinysol_contrabass_A2", "music_solo/sms_organ-C3", "pairs_noisy_clean/p287_001_noisy"]
ENOUGH = (3, 3)  # as method=restore looks for them


def clip(path, test_audio):
    waveform, _ = read_audio(test_audio / f"{path}.flac", 0.2, 2.0)
    return waveform / waveform.abs().max()


def in_pcm(waveform, bits=16):
    return (waveform * 2 ** (bits - 1)).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) / 2 ** (bits - 1)


@pytest.mark.parametrize("path", CLIPS)
def test_no_recording_is_taken_for_clipped(path, test_audio, generator):
    reference = clip(path, test_audio)
    noisy = reference + 0.1 * torch.randn(reference.shape, generator=generator)
    for waveform in (reference, noisy, in_pcm(0.5 * noisy), in_pcm(reference, 8), in_pcm(1e-3 * reference)):
        low, high = flat_tops(waveform, *ENOUGH)
        assert torch.isinf(low).all()
        assert torch.isinf(high).all()


@pytest.mark.parametrize("noise_std", [0.0, 0.1])
@pytest.mark.parametrize("path", CLIPS)
def test_a_clipped_recording_is_and_its_level_is_found(path, noise_std, test_audio, generator):
    reference = clip(path, test_audio)
    noisy = reference + noise_std * torch.randn(reference.shape, generator=generator)
    level = level_of_sdr(noisy, 12.0)
    for waveform in (noisy.clamp(-level, level), in_pcm(noisy / level)):
        low, high = flat_tops(waveform, *ENOUGH)
        assert high.tolist() == waveform.amax(-1, keepdim=True).tolist()
        assert low.tolist() == waveform.amin(-1, keepdim=True).tolist()


def test_a_recording_that_was_clipped_before_it_came_to_us(test_audio):
    """On its upper side: of the recording two or three samples at 32767 at a time, the flanks at half of it, no crest."""
    waveform, _ = read_audio(test_audio / "speech_other" / "vctk22_hifigan_ms_gt_1.flac")
    low, high = flat_tops(waveform, *ENOUGH)
    assert (low.item(), high.item()) == (-math.inf, 32767 / 32768)


@pytest.mark.parametrize("period", [8, 50, 441.3, 2000])
@pytest.mark.parametrize("bits", [6, 16, None])
def test_the_crests_of_a_tone_are_not_flat_tops(period, bits):
    tone = 0.8 * torch.sin(2 * torch.pi * torch.arange(20000, dtype=torch.float64) / period)[None]
    tone = tone if bits is None else in_pcm(tone, bits)
    assert torch.isinf(torch.cat(flat_tops(tone, *ENOUGH))).all()


def test_channels_and_sides_each_have_their_own_level():
    tone = torch.sin(torch.arange(8000) / 9)
    waveform = torch.stack([tone.clamp(-0.4, 0.6), tone, tone.clamp(max=0.3) - 0.1])
    low, high = flat_tops(waveform, *ENOUGH)
    assert low[:, 0].tolist() == pytest.approx([-0.4, -math.inf, -math.inf])
    assert high[:, 0].tolist() == pytest.approx([0.6, math.inf, 0.2])


def test_tops_that_differ_by_half_a_step_are_one_level(generator):
    tone = torch.sin(torch.arange(8000) / 9)[None].clamp(max=0.5)
    waveform = tone + 1.5e-5 * (torch.rand(tone.shape, generator=generator) - 0.5)
    high = flat_tops(waveform, *ENOUGH)[1]
    assert torch.equal(waveform >= high, tone == 0.5)


@pytest.mark.parametrize(
    "waveform",
    [torch.zeros(1, 100), torch.ones(1, 100), torch.sin(torch.arange(1000.0)).sign()[None], torch.full((1, 1), 0.5)],
    ids=["silence", "constant", "square", "one sample"],
)
def test_what_has_no_level_to_find(waveform):
    assert torch.isinf(torch.cat(flat_tops(waveform))).all()


@pytest.mark.parametrize("input_sdr_db", [1.0, 5.0, 20.0])
def test_the_level_leaves_the_sdr_that_was_asked_for(input_sdr_db, generator):
    reference = torch.randn(2, 5000, generator=generator, dtype=torch.float64)
    level = level_of_sdr(reference, input_sdr_db)
    error = reference - reference.clamp(-level, level)
    assert 10 * math.log10(reference.square().sum() / error.square().sum()) == pytest.approx(input_sdr_db, abs=1e-6)
    assert level_of_sdr(0.125 * reference, input_sdr_db) == pytest.approx(0.125 * level)
