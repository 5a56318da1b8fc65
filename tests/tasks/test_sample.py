"""The EPFL project's super-resolution: what passes, what is mirrored, and any two rates."""

import pytest
import torch

from dap.dsp.resample import resample
from dap.dsp.signals import tones
from dap.tasks.sample import Sample, stretched

RATE = 10000


def level_db(waveform, frequency_hz):
    spec = torch.fft.rfft(waveform[0, 1000:9000] * torch.hann_window(8000))
    return 20 * float((spec[round(frequency_hz * 8000 / RATE)].abs() / 2000).log10())


def observed(frequency_hz, low_rate=5000):
    task = Sample(low_rate).at(RATE, RATE, torch.Generator())
    return task.degrade(tones([frequency_hz], RATE, RATE)[None], torch.Generator())


def test_a_low_tone_passes_and_its_mirror_image_is_weak():
    """Between samples stands the mean of two: (1 + cos ω) / 2 for the tone, (1 − cos ω) / 2 for its image, ω = 2π · 0.05."""
    found = observed(500.0)
    assert level_db(found, 500.0) == pytest.approx(-0.215, abs=0.02)
    assert level_db(found, 4500.0) == pytest.approx(-32.2, abs=0.1)


def test_a_high_tone_is_gone():
    assert level_db(observed(4000.0), 4000.0) < -80


def test_samples_of_the_low_rate_stay_as_they_are():
    low = torch.randn(2, 50)
    assert torch.equal(stretched(low, 5000, 10000, 100)[:, ::2], low)
    assert torch.allclose(stretched(low, 4000, 6000, 75)[:, ::3], low[:, ::2])


def test_any_two_rates():
    task = Sample(7000).at(16000, 1601, torch.Generator())
    reference = tones([300.0], 1601, 16000)[None]
    assert task.observe(reference).shape == reference.shape
    assert float((task.observe(reference) - reference)[:, 200:-200].abs().max()) < 0.01


def test_a_file_of_the_low_rate_is_brought_up():
    task = Sample(5000, 10000)
    low = resample(tones([300.0], RATE, RATE)[None], RATE, 5000)
    found, rate = task.receive(low, 5000)
    assert (rate, found.shape) == (10000, (1, 10000))
    assert torch.equal(found, task.at(10000, 10000, None).observe(tones([300.0], RATE, RATE)[None]))
    assert task.receive(low, 8000)[1] == 8000


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sample(0), "1 ≤ low_rate < high_rate Hz, got 0 and None"),
        (lambda: Sample(5000, 5000), "1 ≤ low_rate < high_rate Hz, got 5000 and 5000"),
        (lambda: Sample(5000, 10000).at(8000, 10, None), "the clip has 8000 Hz, expected high_rate = 10000"),
        (lambda: Sample(5000).at(4000, 10, None), "low_rate must be below the clip's 4000 Hz, got 5000"),
    ],
)
def test_wrong_rates(make, message):
    with pytest.raises(ValueError, match=message):
        make()
