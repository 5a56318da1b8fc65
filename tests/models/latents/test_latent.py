"""The random input: its distributions, and its reproducibility."""

import pytest
import torch

from dap.models.latents.latent import Latent


@pytest.mark.parametrize(
    ("distribution", "low", "high", "mean", "std"),
    [("uniform", 0.0, 0.5, 0.25, 0.5 / 12**0.5), ("symmetric_uniform", -0.5, 0.5, 0.0, 1 / 12**0.5)],
)
def test_a_uniform_latent_fills_its_range(distribution, low, high, mean, std, generator):
    z = Latent(4, distribution, 0.5)((10000,), generator)
    assert low <= z.min() < low + 1e-3
    assert high - 1e-3 < z.max() <= high
    assert z.mean() == pytest.approx(mean, abs=4 * std / 200)  # 4 standard errors of 40 000 draws
    assert z.std() == pytest.approx(std, rel=0.01)


def test_a_normal_latent_has_its_standard_deviation(generator):
    z = Latent(4, "normal", 0.5)((10000,), generator)
    assert z.mean() == pytest.approx(0, abs=4 * 0.5 / 200)
    assert z.std() == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("distribution", ["normal", "uniform", "symmetric_uniform"])
def test_same_seed_same_latent(distribution):
    first, second, other = (Latent(2, distribution)((3, 5), torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "channels must be at least 1, got 0"),
        ((1, "gaussian"), "distribution must be one of normal, uniform, symmetric_uniform, got 'gaussian'"),
        ((1, "normal", 0.0), "scale must be above 0, got 0.0"),
    ],
)
def test_wrong_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        Latent(*arguments)
