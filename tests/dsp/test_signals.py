"""Tones and noise."""

import pytest
import torch

from dap.dsp.signals import NOISES, coloured_noise, tones, white_noise


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


@pytest.mark.parametrize(("exponent", "db_an_octave"), [(0.0, 0.0), (1.0, -3.01), (2.0, -6.02)])
def test_the_slope_of_coloured_noise(exponent, db_an_octave, generator):
    noise = coloured_noise((16, 8192), exponent, generator).double()
    power = torch.fft.rfft(noise * torch.hann_window(8192)).abs().square().mean(0)  # tapered: no leaking of the low end
    bands = torch.stack([power[2**octave : 2 ** (octave + 1)].mean() for octave in range(5, 12)])
    slope = float((10 * bands.log10()).diff().mean())  # at least 32 bins of 16 draws a band: 0.2 dB, over 6 octaves
    assert slope == pytest.approx(db_an_octave, abs=0.3)  # 0.13 was seen


@pytest.mark.parametrize("colour", NOISES)
@pytest.mark.parametrize("shape", [(1,), (2, 1), (2, 65537)])
def test_every_noise_has_unit_level_and_its_seed(colour, shape):
    first, second, other = (NOISES[colour](shape, generator=torch.Generator().manual_seed(seed)) for seed in (5, 5, 6))
    assert first.shape == shape
    assert torch.isfinite(first).all()
    assert torch.equal(first, second)
    if shape[-1] > 1:
        assert not torch.equal(first, other)
        assert first.square().mean(-1).tolist() == pytest.approx([1.0, 1.0], rel=0.02)  # 65 537 samples: 0.6 % for white


def test_triangular_noise_is_triangular(generator):
    noise = NOISES["tpdf"]((100_000,), generator=generator)
    assert float(noise.pow(4).mean()) == pytest.approx(2.4, rel=0.06)  # kurtosis of a triangle; uniform 1.8, Gaussian 3
