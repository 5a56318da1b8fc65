"""Tones and noise."""

import pytest
import torch

from dap.signals import tones, white_noise


def test_tones_are_where_they_should_be():
    waveform = tones([1000.0, 2000.0, 3000.0], 16000, 16000, amplitude=0.5)
    power = torch.fft.rfft(waveform).abs()
    assert sorted(power.topk(3).indices.tolist()) == [1000, 2000, 3000]
    assert float(waveform.abs().max()) == pytest.approx(0.5)


def test_noise_is_white_and_of_the_level_asked_for(generator):
    noise = white_noise((1, 65536), 0.1, generator)[0]
    assert float(noise.std()) == pytest.approx(0.1, rel=0.02)  # 65 536 samples: 0.3 %
    power = torch.fft.rfft(noise).abs().square()[1:].reshape(16, -1).mean(1)  # 16 bands of 2048 bins: 2 % each
    assert float(power.max() / power.min()) < 1.25


@pytest.mark.parametrize("frequencies", [[], [0.0], [8000.0]])
def test_wrong_frequencies(frequencies):
    with pytest.raises(ValueError, match="between 0 and 8000"):
        tones(frequencies, 100, 16000)
