"""Masks of what is observed."""

import pytest
import torch

from dap.dsp.masks import fade_from_gaps, gaps_mask, missing_columns_mask, missing_samples_mask, random_gaps_mask
from dap.dsp.stft import STFT


def runs(mask):
    """(value, length) of what follows each other."""
    values, lengths = torch.unique_consecutive(mask, return_counts=True)
    return list(zip(values.tolist(), lengths.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_random_gaps_are_apart_of_the_right_length_and_inside(seed):
    found = runs(random_gaps_mask(4, 50, 300, torch.Generator().manual_seed(seed)))
    assert [value for value, _ in found] == [1, 0] * 4 + [1]
    assert all(length == 50 for value, length in found if value == 0)


def test_random_gaps_come_to_every_place():
    drawn = [random_gaps_mask(1, 3, 8, torch.Generator().manual_seed(seed)) for seed in range(50)]
    assert torch.stack(drawn).min(0).values.tolist() == [1, 0, 0, 0, 0, 0, 0, 1]


def test_columns_left_out_are_the_masks_factor(generator):
    """For any sound: analysis, columns to zero, synthesis = mask · sound."""
    stft, n_samples = STFT(64, 16), 1001
    mask = missing_columns_mask(2, 3, stft, n_samples, generator)
    kept = random_gaps_mask(2, 3, stft.analysis(mask).shape[-1], torch.Generator().manual_seed(0))
    waveform = torch.randn(2, n_samples)
    there_and_back = stft.synthesis(stft.analysis(waveform) * kept, n_samples)
    assert torch.allclose(there_and_back, mask * waveform, atol=1e-3)  # factors within 1e-4 of 0 and 1 were rounded
    assert mask.max() == 1
    assert mask.min() < 0.1


@pytest.mark.parametrize("n_faded", [0, 1, 7, 100])
def test_a_fade_is_zero_in_gaps_rises_outside_and_leaves_a_sample_of_every_row(n_faded, generator):
    mask = missing_samples_mask(0.02, 1000, generator)
    weight = fade_from_gaps(mask, n_faded)
    assert torch.equal(weight == 0, mask == 0)
    first = 0
    for value, length in runs(mask):
        row = weight[first : first + length]
        assert row.max() == value
        if 0 < first < 1000 - length:
            assert torch.allclose(row, row.flip(0), atol=1e-6)
        first += length
    assert (fade_from_gaps(torch.ones(10), n_faded) == 1).all()
    far = torch.nn.functional.max_pool1d(1 - mask[None], 2 * n_faded + 1, 1, n_faded)[0] == 0
    assert (weight[far] == 1).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gaps_mask([(3, 3)], 10), "a gap of samples 3 to 3 is not inside the clip of 10 samples"),
        (lambda: gaps_mask([(3, 11)], 10), "a gap of samples 3 to 11 is not inside"),
        (lambda: random_gaps_mask(3, 3, 10, torch.Generator()), "3 gaps of 3 samples do not fit into 10 samples"),
        (lambda: random_gaps_mask(0, 3, 10, torch.Generator()), "0 gaps of 3 samples do not fit"),
        (lambda: missing_samples_mask(0.01, 10, torch.Generator()), "a share of 0.01 is 0 of 10 samples"),
        (lambda: missing_samples_mask(0.5, 1, torch.Generator()), "a share of 0.5 is 0 of 1 sample:"),
    ],
)
def test_what_does_not_fit(make, message):
    with pytest.raises(ValueError, match=message):
        make()
