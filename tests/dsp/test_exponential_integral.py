"""E1 against scipy's."""

import numpy as np
import scipy.special
import torch

from dap.dsp.exponential_integral import exponential_integral


def test_agrees_with_scipy():
    x = np.concatenate([np.geomspace(1e-12, 0.9999, 500), [1.0], np.geomspace(1.0001, 600, 500)])
    ours = exponential_integral(torch.from_numpy(x)).numpy()
    assert np.allclose(ours, scipy.special.exp1(x), rtol=1e-9, atol=0)


def test_what_has_no_place_in_a_double_is_zero():
    assert exponential_integral(torch.tensor([1e4, torch.inf])).tolist() == [0.0, 0.0]
