"""Spectral flatness: values by hand, a second implementation, invariances, and what it is for: residuals."""

import numpy as np
import pytest
from scipy import signal as scipy_signal
import torch

from dap.audio.sound_file import read_audio
from dap.metrics.whiteness import spectral_flatness


@pytest.fixture
def noise(generator) -> torch.Tensor:
    return torch.randn(1, 16000, generator=generator)


def test_an_impulse_is_flat():
    impulse = torch.zeros(256)
    impulse[128] = 1.0
    assert spectral_flatness(impulse) == pytest.approx(1, abs=1e-12)


def test_agrees_with_a_second_implementation(noise):
    coloured = torch.cumsum(noise, -1) * 0.9 + noise
    for waveform, n_fft in ((noise, 256), (coloured, 256), (noise, 64)):
        frames = {"window": "hann", "nperseg": n_fft, "noverlap": n_fft // 2, "detrend": False}
        power = scipy_signal.welch(waveform[0].double().numpy(), **frames)[1][1:-1]
        expected = np.exp(np.log(power).mean()) / power.mean()
        assert spectral_flatness(waveform, n_fft) == pytest.approx(expected, rel=1e-9)


def test_two_levels_by_hand():
    """63 of the 127 bins that count hold four times the power of the others: 4^(63 / 127) over their mean, about 0.8."""
    spectrum = torch.ones(129, dtype=torch.complex128)
    spectrum[1:64] *= 2
    spectrum[1::2] *= -1  # its impulse in the middle of the frame
    frame = torch.fft.irfft(spectrum)
    window = torch.hann_window(256, dtype=torch.float64)
    waveform = torch.where(window > 0, frame / window.clamp(min=1e-9), 0)  # the first sample is lost to the window
    assert spectral_flatness(waveform) == pytest.approx(4 ** (63 / 127) / ((64 + 63 * 4) / 127), abs=1e-3)


@pytest.mark.parametrize("factor", [1e-4, 0.5, 100])
def test_the_level_does_not_matter(noise, factor):
    assert spectral_flatness(factor * noise) == pytest.approx(spectral_flatness(noise), rel=1e-6)


def test_channels_are_averaged(noise):
    coloured = torch.cumsum(noise, -1)
    both = spectral_flatness(torch.cat([noise, coloured]))
    assert both == pytest.approx((spectral_flatness(noise) + spectral_flatness(coloured)) / 2)


@pytest.mark.parametrize("n_samples", [8000, 32000])
def test_white_noise_is_as_flat_as_its_frames_allow(n_samples, generator):
    flatness = spectral_flatness(torch.randn(1, n_samples, generator=generator))
    n_frames = (n_samples - 256) // 128 + 1
    assert 1 - 1.5 / n_frames < flatness < 1


def test_a_residual_with_speech_in_it_is_less_flat(test_audio, generator):
    """Too little and too much taken away: noise with a part of the sound, and a part of the noise's band alone."""
    speech = read_audio(test_audio / "speech_lj" / "LJ001-0013.flac")[0][:, 22050:44100]
    noise = 0.05 * torch.randn(speech.shape, generator=generator)
    smooth = torch.nn.functional.avg_pool1d(noise, 3, 1, 1)
    rest = [spectral_flatness(residual) for residual in (noise, noise + 0.3 * speech, noise + speech, noise - smooth)]
    assert rest[0] > 0.99
    assert rest[0] > rest[1] > rest[2]
    assert rest[3] < 0.8


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (torch.ones(1, 255), "255 samples are too short for frames of 256"),
        (torch.full((1, 300), torch.nan), "NaN or Inf"),
        (torch.stack([torch.zeros(300), torch.sin(torch.arange(300.0))]), "silence has no spectrum"),
    ],
)
def test_what_has_no_flatness(waveform, message):
    with pytest.raises(ValueError, match=message):
        spectral_flatness(waveform)
