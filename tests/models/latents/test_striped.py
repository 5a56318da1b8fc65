"""The latent of stripes: the same along one axis, but for a little noise, and of variance 1 however much."""

import pytest
import torch

from dap.models.latents.striped import StripedLatent


@pytest.mark.parametrize(("axis", "dimension"), [("time", 3), ("frequency", 2)])
def test_constant_along_its_axis_alone(axis, dimension, generator):
    z = StripedLatent(4, axis, noise=0.0)((300, 200), generator)
    assert z.shape == (1, 4, 300, 200)
    assert float(z.std(dim=dimension).max()) < 1e-6
    assert float(z.std(dim=5 - dimension).min()) > 0.5  # of 200 draws of deviation 1: 0.05


@pytest.mark.parametrize("noise", [0.1, 1.0, 10.0])
def test_its_variance_is_1_and_the_noise_its_share(noise, generator):
    z = StripedLatent(64, "time", noise)((64, 64), generator)
    assert float(z.var()) == pytest.approx(1, abs=0.1)
    assert float(z.var(dim=3).mean()) == pytest.approx(noise**2 / (1 + noise**2), rel=0.05)


def test_the_seed_decides_it():
    one, other = (StripedLatent(2, "frequency")((5, 6), torch.Generator().manual_seed(seed)) for seed in (1, 1))
    assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channels": 0, "axis": "time"}, "channels must be at least 1, got 0"),
        ({"channels": 1, "axis": "bins"}, "axis must be one of time, frequency, got 'bins'"),
        ({"channels": 1, "axis": "time", "noise": -0.1}, "noise must be at least 0, got -0.1"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        StripedLatent(**settings)
