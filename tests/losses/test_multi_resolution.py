"""The multi-resolution STFT distance as a loss; its value is tested as a metric (tests/metrics/test_spectral.py)."""

import pytest
import torch

from dap.losses.multi_resolution import RESOLUTIONS, multi_resolution_stft


def test_the_magnitudes_alone_count(generator):
    """A signal turned by 180° has the same magnitudes."""
    reference = torch.randn(1, 5000, generator=generator)
    assert float(multi_resolution_stft(-reference, reference)) == pytest.approx(0, abs=1e-5)
    assert float(multi_resolution_stft(reference.flip(-1), reference)) > 0.5


def test_it_has_a_gradient_everywhere(generator):
    """At silence and at the reference too, where magnitudes and norms have corners."""
    reference = torch.randn(1, 2048, generator=generator, dtype=torch.float64)
    for start in (torch.zeros_like(reference), reference.clone()):
        estimate = start.requires_grad_()
        multi_resolution_stft(estimate, reference).backward()
        assert estimate.grad.isfinite().all()


def test_gradcheck(generator):
    estimate = torch.randn(2, 40, generator=generator, dtype=torch.float64, requires_grad=True)
    reference = torch.randn(2, 40, generator=generator, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda signal: multi_resolution_stft(signal, reference, ((32, 20, 7),)), estimate)


def test_too_short():
    with pytest.raises(ValueError, match="2000 samples are too short for frames of 2048"):
        multi_resolution_stft(torch.ones(2000), torch.ones(2000))
    assert max(n_fft for n_fft, *_ in RESOLUTIONS) == 2048
