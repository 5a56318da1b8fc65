"""Lines through samples at any places."""

import sys

import pytest
import torch

from dap.dsp.interpolation import interpolate_missing


def some(generator, n_samples: int = 60, share: float = 0.4) -> torch.Tensor:
    return torch.rand(n_samples, generator=generator) < share


def test_each_kind_gives_its_own_polynomials_back(generator):
    missing = some(generator)
    missing[[0, 1, -2, -1]] = False
    place = torch.arange(60.0) / 60
    for kind, degree in (("linear", 1), ("spline", 3)):
        curve = sum((power + 1) * place**power for power in range(degree + 1))[None]
        assert torch.allclose(interpolate_missing(curve, missing, kind), curve, atol=1e-5)
    assert not torch.allclose(interpolate_missing(curve, missing, "linear"), curve, atol=1e-5)


@pytest.mark.parametrize("kind", ["linear", "spline"])
def test_the_ends_are_held_and_what_is_observed_stays(kind, generator):
    waveform, missing = torch.randn(2, 3, 60, generator=generator), some(generator)
    missing[:5] = missing[-7:] = True
    missing[[5, -8]] = False
    filled = interpolate_missing(waveform, missing, kind)
    assert torch.equal(filled[..., ~missing], waveform[..., ~missing])
    assert torch.equal(filled[..., :5], waveform[..., 5:6].expand(2, 3, 5))
    assert torch.equal(filled[..., -7:], waveform[..., -8:-7].expand(2, 3, 7))
    assert torch.allclose(filled[1], interpolate_missing(waveform[1], missing, kind))


@pytest.mark.parametrize("kind", ["linear", "spline"])
def test_one_sample_or_none(kind):
    missing = torch.ones(4, dtype=torch.bool)
    assert interpolate_missing(torch.full((1, 4), 3.0), missing, kind).tolist() == [[0, 0, 0, 0]]
    missing[2] = False
    assert interpolate_missing(torch.arange(4.0), missing, kind).tolist() == [2, 2, 2, 2]


def test_without_scipy_there_is_no_spline(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.interpolate", None)
    with pytest.raises(ValueError, match=r"a cubic spline needs scipy: pip install 'dap\[baselines\]'"):
        interpolate_missing(torch.zeros(4), torch.arange(4) == 1, "spline")


def test_another_kind():
    with pytest.raises(ValueError, match="kind must be one of linear, spline, got 'cubic'"):
        interpolate_missing(torch.zeros(4), torch.arange(4) == 1, "cubic")
