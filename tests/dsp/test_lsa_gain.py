"""The gain of the log-spectral amplitude estimator."""

import sys

import numpy as np
import pytest
import torch

from dap.dsp.lsa_gain import lsa_gain


def test_against_the_integral_by_numbers():
    """E₁(v) = ∫ exp(−v e^u) du over u from 0: by the trapezoidal rule."""
    u = np.linspace(0, 12, 200001)
    for prior, posterior in ((0.01, 0.5), (0.3, 2.0), (5.0, 3.0)):
        v = prior / (1 + prior) * posterior
        expected = prior / (1 + prior) * np.exp(np.trapezoid(np.exp(-v * np.exp(u)), u) / 2)
        assert float(lsa_gain(torch.tensor(prior), torch.tensor(posterior))) == pytest.approx(expected, rel=1e-5)


def test_it_is_wieners_where_the_bin_is_loud_and_above_it_elsewhere(generator):
    prior, posterior = 10 ** (2 * torch.rand(2, 50, 40, generator=generator) - 1)
    wiener = prior / (1 + prior)
    assert torch.allclose(lsa_gain(prior, 1000 + posterior), wiener)
    assert (lsa_gain(prior, posterior) > wiener).all()


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with pytest.raises(ValueError, match=r"the LSA gain needs scipy: pip install 'dap\[baselines\]'"):
        lsa_gain(torch.ones(1), torch.ones(1))
