"""The magnitude as a network's output, with the observation's phase."""

import pytest
import torch

from dap.dsp.magnitude_spectrogram import MagnitudeSpectrogram
from dap.dsp.stft import STFT


@pytest.mark.parametrize(("n_fft", "hop", "window"), [(64, 16, "hann"), (126, 63, "hann"), (64, 64, "box")])
def test_the_observation_comes_back(n_fft, hop, window):
    observation = torch.randn(2, 3, 1001)
    representation = MagnitudeSpectrogram(n_fft, hop, window).of(observation)
    back = representation.synthesis(representation.analysis(observation), 1001)
    assert float((back - observation).abs().max()) < 1e-5


def test_magnitudes_are_of_the_estimate_and_the_phase_is_the_observations():
    observation, estimate = torch.randn(2, 1, 1, 1000)
    stft = STFT(64, 16)
    representation = MagnitudeSpectrogram(64, 16).of(observation)
    maps = representation.analysis(estimate)
    assert torch.equal(maps, stft.analysis(estimate).abs())
    expected = stft.analysis(estimate).abs() * stft.analysis(observation).sgn()
    assert torch.allclose(representation.synthesis(maps, 1000), stft.synthesis(expected, 1000), atol=1e-5)


def test_an_observation_leaves_the_representation_as_it_was():
    representation = MagnitudeSpectrogram(64, 16)
    first, second = torch.randn(2, 1, 1, 500)
    of_first = representation.of(first)
    representation.of(second)
    assert torch.allclose(of_first.synthesis(of_first.analysis(first), 500), first, atol=1e-5)
    with pytest.raises(ValueError, match=r"call of\(observation\) first"):
        representation.synthesis(torch.rand(1, 1, 33, 33), 500)


def test_maps_of_another_size():
    representation = MagnitudeSpectrogram(64, 16).of(torch.randn(1, 1, 500))
    with pytest.raises(ValueError, match=r"\(1, 33, 33\), got \(1, 33, 34\)"):
        representation.synthesis(torch.rand(1, 1, 33, 34), 500)


def test_gradcheck():
    observation = torch.randn(1, 1, 21, dtype=torch.float64)
    representation = MagnitudeSpectrogram(8, 2).of(observation)
    maps = torch.rand(1, 1, 5, 12, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda maps: representation.synthesis(maps, 21), maps)
