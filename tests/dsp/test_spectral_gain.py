"""Gains: the formulas as the papers print them, limits, and the recursion by hand."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import torch

from dap.dsp.spectral_gain import DecisionDirected, log_mmse_gain, subtraction_gain, wiener_gain


def test_log_mmse_agrees_with_its_integral():
    for prior, posterior in [(0.003, 1.5), (0.1, 0.2), (1.0, 3.0), (30.0, 0.5), (10.0, 40.0)]:
        v = prior / (1 + prior) * posterior
        integral, _ = scipy.integrate.quad(lambda t: math.exp(-t) / t, v, math.inf)
        ours = float(log_mmse_gain(torch.tensor(prior).double(), torch.tensor(posterior).double()))
        assert ours == pytest.approx(prior / (1 + prior) * math.exp(integral / 2), rel=1e-6)


def test_log_mmse_over_a_grid():
    prior, posterior = np.meshgrid(np.geomspace(1e-3, 1e3, 40), np.geomspace(1e-2, 1e3, 40))
    wiener = prior / (1 + prior)
    expected = wiener * np.exp(scipy.special.exp1(wiener * posterior) / 2)
    ours = log_mmse_gain(torch.from_numpy(prior), torch.from_numpy(posterior))
    assert np.allclose(ours.numpy(), expected, rtol=1e-6)
    assert bool((ours >= wiener_gain(torch.from_numpy(prior), torch.from_numpy(posterior))).all())


def test_log_mmse_of_no_power_is_finite():
    assert torch.isfinite(log_mmse_gain(torch.tensor(1e-3), torch.tensor(0.0)))


def test_the_recursion_by_hand():
    power, noise = torch.tensor([[4.0, 1.0, 9.0]]).double(), torch.tensor([[1.0, 2.0, 2.0]]).double()
    gains = DecisionDirected(wiener_gain, alpha=0.5, lowest_prior_snr_db=10 * math.log10(0.1))(power, noise)[0].tolist()
    first = 0.5 * 1 + 0.5 * 3  # before it the noise's own power
    assert gains[0] == pytest.approx(first / (1 + first))
    second = 0.5 * gains[0] ** 2 * 4 / 2 + 0  # less power than noise: nothing for the instant
    assert gains[1] == pytest.approx(second / (1 + second))
    third = 0.5 * gains[1] ** 2 * 1 / 2 + 0.5 * 3.5
    assert gains[2] == pytest.approx(third / (1 + third))


def test_the_lowest_prior_snr():
    gains = DecisionDirected(wiener_gain, alpha=0.9, lowest_prior_snr_db=-20.0)(torch.zeros(3, 50), torch.ones(3, 50))
    assert float(gains[:, -1].max()) == pytest.approx(0.01 / 1.01)


def test_subtraction_leaves_what_it_says():
    power = torch.tensor([100.0, 3.0, 2.0, 0.5, 0.01, 0.0]).double()
    left = power * subtraction_gain(power, torch.ones(6).double(), over_subtraction=2.0, floor=0.02).square()
    assert torch.allclose(left, torch.tensor([98.0, 1.0, 0.02, 0.02, 0.01, 0.0]).double())
    assert not subtraction_gain(torch.zeros(2), torch.ones(2), 2.0, 0.0).isnan().any()


@pytest.mark.parametrize(
    ("alpha", "lowest", "message"),
    [(1.0, -25.0, "alpha must be at least 0 and below 1, got 1.0"), (0.98, math.inf, "finite number of dB, got inf")],
)
def test_wrong_settings(alpha, lowest, message):
    with pytest.raises(ValueError, match=message):
        DecisionDirected(wiener_gain, alpha, lowest)
