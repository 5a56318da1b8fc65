"""Social sparsity, against sums written out, and the declipping that is built on it."""

import math

import numpy as np
import pytest
import torch

from dap.dsp.declip_social import declip_social
from dap.dsp.social_sparsity import neighborhood_energy, persistent_wiener
from dap.dsp.tight_frame import TightFrame


def spectrum(generator, n_freq, n_frames):
    shape = (2, n_freq, n_frames)
    return torch.complex(*(torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(2)))


@pytest.mark.parametrize(("n_freq", "n_frames"), [(6, 9), (5, 2), (1, 1), (2, 3)])
def test_neighborhoods_are_means_of_the_mirrored_spectrum(n_freq, n_frames, generator):
    """Of a spectrum smaller than the neighborhood too: reflected as often as it takes."""
    spec = spectrum(generator, n_freq, n_frames)

    def mirrored(place, length):
        return 0 if length == 1 else min(place % (2 * length - 2), -place % (2 * length - 2))

    energy = (spec.abs() ** 2).numpy()
    expected = np.zeros_like(energy)
    for f in range(n_freq):
        for t in range(n_frames):
            around = [(mirrored(f + i, n_freq), mirrored(t + j, n_frames)) for i in (-1, 0, 1) for j in range(-3, 4)]
            expected[:, f, t] = np.mean([energy[:, i, j] for i, j in around], axis=0)
    assert np.abs(neighborhood_energy(spec, 3, 7).numpy() - expected).max() < 1e-12  # of units, in float64


def test_the_gain_keeps_what_is_strong_and_drops_what_is_weak(generator):
    spec = spectrum(generator, 20, 30)
    gain = (persistent_wiener(spec, 0.8) / spec).real
    assert ((gain >= 0) & (gain < 1)).all()
    assert torch.allclose(gain, (1 - 0.64 / neighborhood_energy(spec, 3, 7)).clamp(min=0), atol=1e-12)
    assert torch.equal(
        persistent_wiener(torch.zeros(3, 3, dtype=torch.complex64), 0.1), torch.zeros(3, 3, dtype=torch.complex64)
    )


def test_without_momentum_a_turn_is_a_gradient_step_and_the_shrinkage(generator):
    """The first two turns have none: momentum 0, and it acts from the third on."""
    tone = torch.sin(torch.arange(400, dtype=torch.float64) / 5)[None]
    lower, upper = tone.clamp(max=0.5), torch.where(tone > 0.5, math.inf, tone)
    frame, spec = TightFrame(64, 16), None
    spec = frame.analysis(torch.zeros_like(tone))
    for _ in range(2):
        heard = frame.synthesis(spec, 400)
        spec = persistent_wiener(spec + frame.analysis(heard.clamp(lower, upper) - heard), 0.1)
    estimate = declip_social(lower, upper, frame, torch.tensor([0.1]), 2, 0.0)
    assert torch.allclose(estimate, frame.synthesis(spec, 400), atol=1e-7)  # the threshold is float32
