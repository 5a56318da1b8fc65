"""noisereduce: the package's own numbers, and that it may be missing."""

import sys

import noisereduce
import numpy as np
import pytest
import torch

from dap.methods.classical.noisereduce import NoiseReduce
from dap.methods.problem import Problem
from dap.tasks.denoise import Denoise


@pytest.mark.parametrize("stationary", [True, False])
def test_it_is_what_the_package_does(stationary, generator):
    observation = torch.randn(1, 8000, generator=generator)
    estimate = next(NoiseReduce(stationary).restore(Problem(observation, Denoise(noise_std=0.1), 8000))).estimate
    expected = noisereduce.reduce_noise(y=observation[0].double().numpy(), sr=8000, stationary=stationary)
    assert np.allclose(estimate[0].numpy(), expected, atol=1e-6)


def test_half_the_decrease_leaves_the_rest(generator):
    observation = torch.randn(1, 8000, generator=generator)
    half, full = (
        next(NoiseReduce(prop_decrease=share).restore(Problem(observation, Denoise(noise_std=0.1), 8000))).estimate
        for share in (0.5, 1.0)
    )
    assert float(half.std()) > float(full.std()) + 0.2


def test_wrong_settings():
    with pytest.raises(ValueError, match="prop_decrease must be above 0 and up to 1, got 0"):
        NoiseReduce(prop_decrease=0.0)


def test_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "noisereduce", None)
    with pytest.raises(ValueError, match=r"NoiseReduce needs noisereduce: pip install 'dap\[baselines\]'"):
        NoiseReduce()
