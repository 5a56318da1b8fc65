"""Spectrograms as pictures: a tone lies where its label says, and levels are those of one scale."""

import io

import matplotlib.image
import numpy as np
import pytest
import torch

from dap.record.mel_pictures import mel_pictures, ticks_khz


def brightness(png: bytes) -> np.ndarray:
    """(row, column), the top row first."""
    return matplotlib.image.imread(io.BytesIO(png))[..., :3].sum(-1)


@pytest.mark.parametrize("sample_rate", [8000, 44100])
def test_a_tone_lies_where_its_label_is(sample_rate):
    for khz, place in ticks_khz(sample_rate):
        tone = 0.5 * torch.sin(2 * torch.pi * 1000 * khz / sample_rate * torch.arange(sample_rate))
        picture = brightness(mel_pictures([tone[None]], sample_rate, [200])[0])
        brightest = 1 - (picture.mean(1).argmax() + 0.5) / len(picture)
        assert brightest == pytest.approx(place, abs=0.02)  # 1000 Hz apart from 1060 Hz, a bin of 20 Hz apart at 250


def test_all_pictures_have_one_scale_and_silence_is_black():
    tone = 0.5 * torch.sin(0.5 * torch.arange(8000))[None]
    loud, soft, silent = (brightness(png) for png in mel_pictures([tone, 0.1 * tone, 0 * tone], 8000, [200] * 3))
    assert loud.max() > soft.max() > silent.max()
    assert silent.std() == 0


@pytest.mark.parametrize("n_samples", [1, 4, 100, 5000])
def test_any_length(n_samples):
    picture = brightness(mel_pictures([torch.randn(2, n_samples)], 8000, [50])[0])
    assert picture.shape[0] == 256
    assert 1 <= picture.shape[1] <= 120
