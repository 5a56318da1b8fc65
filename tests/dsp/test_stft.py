"""The STFT pair."""

import math

import numpy as np
import pytest
import scipy.signal
import torch

from dap.dsp.representation import ComplexSpectrogram
from dap.dsp.stft import STFT


@pytest.mark.parametrize("phase", ["absolute", "frame"])
@pytest.mark.parametrize(
    ("n_fft", "hop", "window"), [(16, 4, "hann"), (1022, 64, "box"), (510, 255, "hann"), (510, 510, "box")]
)
@pytest.mark.parametrize("n_samples", [1022, 1023, 4001, 12345])
def test_round_trip(n_fft, hop, window, phase, n_samples):
    stft = STFT(n_fft, hop, window, phase)
    waveform = torch.rand(2, 3, n_samples) * 2 - 1
    back = stft.synthesis(stft.analysis(waveform), n_samples)
    assert float((back - waveform).abs().max()) < 1e-5


def test_leading_shapes():
    stft = STFT(64, 16)
    waveform = torch.randn(2, 3, 500)
    spec = stft.analysis(waveform)
    assert spec.shape == (2, 3, 33, 33)
    assert torch.equal(stft.analysis(waveform[1, 2]), spec[1, 2])
    assert stft.synthesis(spec[1, 2], 500).shape == (500,)


def test_a_steady_tone_does_not_change_along_time_under_the_absolute_reference():
    tone = torch.cos(2 * math.pi * 5 / 64 * torch.arange(4000, dtype=torch.float64))
    inner = slice(4, -4)  # frames that lie within the clip
    absolute = STFT(64, 20, phase="absolute").analysis(tone)[5, inner]
    frame = STFT(64, 20, phase="frame").analysis(tone)[5, inner]
    assert torch.allclose(absolute, absolute[:1].expand_as(absolute), atol=1e-9)
    turn = frame[1:] / frame[:-1]  # by ω · hop a frame
    assert torch.allclose(turn.angle().cos(), torch.tensor(math.cos(2 * math.pi * 5 * 20 / 64), dtype=torch.float64))


@pytest.mark.parametrize(("window", "name"), [("hann", "hann"), ("box", "boxcar")])
def test_agrees_with_scipy(window, name):
    waveform = np.random.default_rng(0).standard_normal(1000)
    taps = scipy.signal.get_window(name, 64, fftbins=True)
    scipys = scipy.signal.ShortTimeFFT(taps, hop=16, fs=1, phase_shift=0)  # phase counted from the frame's centre
    ours = STFT(64, 16, window, phase="frame").analysis(torch.from_numpy(waveform))
    first = -scipys.p_min  # scipy also has frames centred before the first sample
    theirs = scipys.stft(waveform)[:, first : first + ours.shape[1]]
    shared = theirs.shape[1]
    assert np.allclose(ours[:, :shared].numpy(), theirs, atol=1e-4)  # our window is float32


def test_gradcheck():
    stft = STFT(8, 2)
    waveform = torch.randn(1, 21, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda waveform: stft.synthesis(2 * stft.analysis(waveform), 21), waveform)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_fft": 15, "hop_length": 4}, "even number of samples, at least 2, got 15"),
        ({"n_fft": 16, "hop_length": 0}, "between 1 and n_fft = 16 samples, got 0"),
        ({"n_fft": 16, "hop_length": 17}, "between 1 and n_fft = 16 samples, got 17"),
        ({"n_fft": 16, "hop_length": 16}, "no hann window of 16 covers"),
        ({"n_fft": 16, "hop_length": 4, "window": "kaiser"}, "one of hann, box, got 'kaiser'"),
        ({"n_fft": 16, "hop_length": 4, "phase": "mixed"}, "one of absolute, frame, got 'mixed'"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        STFT(**settings)


def test_a_clip_shorter_than_a_frame():
    with pytest.raises(ValueError, match="100 samples, shorter than one STFT frame of n_fft = 128"):
        STFT(128, 32).analysis(torch.zeros(100))


def test_representation_keeps_channels_apart():
    representation = ComplexSpectrogram(64, 16)
    waveform = torch.randn(1, 2, 777)
    maps = representation.analysis(waveform)
    maps[:, [1, 3]] = 0  # the second channel's real and imaginary parts
    back = representation.synthesis(maps, 777)
    assert torch.allclose(back[:, 0], waveform[:, 0], atol=1e-5)
    assert not back[:, 1].any()
