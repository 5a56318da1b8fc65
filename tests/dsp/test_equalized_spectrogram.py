"""The equalised spectrogram: every band equally loud, and the sound itself back."""

import pytest
import torch

from dap.dsp.equalized_spectrogram import EqualizedSpectrogram
from dap.dsp.representation import ComplexSpectrogram
from dap.tasks.super_resolution import SuperResolution

SETTINGS = {"n_fft": 510, "hop_length": 128}


def test_a_sound_that_fades_towards_high_frequencies_is_flat(generator):
    waveform = torch.randn(1, 2, 16000, generator=generator).cumsum(-1)  # 6 dB an octave
    power = EqualizedSpectrogram(**SETTINGS).of(waveform).analysis(waveform).square().mean((0, 1, 3))
    octaves = torch.stack([power[start : 2 * start].mean() for start in (4, 8, 16, 32, 64, 128)])
    assert 10 * torch.log10(octaves.max() / octaves.min()) < 3  # of the 30 dB from end to end
    plain = ComplexSpectrogram(**SETTINGS).analysis(waveform).square().mean((0, 1, 3))
    assert 10 * torch.log10(plain[4:8].mean() / plain[128:].mean()) > 25


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_round_trip(exponent, generator):
    waveform = torch.randn(1, 2, 4001, generator=generator).cumsum(-1)
    equalized = EqualizedSpectrogram(**SETTINGS, exponent=exponent).of(waveform)
    back = equalized.synthesis(equalized.analysis(waveform), 4001)
    assert (back - waveform).abs().max() < 1e-4 * waveform.abs().max()  # float32, over 30 dB of envelope


def test_no_exponent_is_the_plain_spectrogram(generator):
    waveform = torch.randn(1, 1, 4000, generator=generator)
    equalized = EqualizedSpectrogram(**SETTINGS, exponent=0.0).of(waveform)
    assert torch.equal(equalized.analysis(waveform), ComplexSpectrogram(**SETTINGS).analysis(waveform))


def test_the_envelope_goes_on_above_a_low_rates_band(generator):
    """Where nothing was observed it stays near the sound's own, a random walk's: within 0.6 to 5 dB over six of them."""
    waveform = torch.randn(1, 1, 16000, generator=generator).cumsum(-1)
    observation = SuperResolution(factor=2).observe(waveform[0])[None]
    observed, true = (EqualizedSpectrogram(**SETTINGS).of(sound).envelope[:, 0] for sound in (observation, waveform))
    above = slice(150, 250)  # of 256 bins; the low Nyquist frequency is at 128
    assert (20 * torch.log10(observed[above] / true[above])).abs().max() < 14


def test_the_original_keeps_no_observation(generator):
    representation = EqualizedSpectrogram(**SETTINGS)
    representation.of(torch.randn(1, 1, 4000, generator=generator))
    assert bool((representation.envelope == 1).all())
    silent = torch.zeros(1, 1, 4000)
    assert not representation.of(silent).analysis(silent).any()


def test_wrong_settings():
    with pytest.raises(ValueError, match="exponent must be from 0 to 1, got 2"):
        EqualizedSpectrogram(**SETTINGS, exponent=2)
