"""Linear prediction within bounds: the minimum by its conditions, and declipping by it."""

import math

import pytest
import torch

from dap.dsp.bounded_prediction import predict_within, predictors
from dap.dsp.declip_autoregressive import declip_frames, refine


def bounds(waveform, level):
    lower = torch.where(waveform <= -level, -math.inf, waveform.clamp(max=level))
    return lower, torch.where(waveform >= level, math.inf, waveform.clamp(min=-level))


def error_matrix(coefficients, n_samples):
    """Rows of the prediction errors at the samples from p to n_samples − 1."""
    order = len(coefficients) - 1
    matrix = torch.zeros(n_samples - order, n_samples, dtype=coefficients.dtype)
    for row in range(n_samples - order):
        matrix[row, row : row + order + 1] = coefficients.flip(0)
    return matrix


def test_models_solve_the_normal_equations(generator):
    frames = torch.randn(3, 200, generator=generator, dtype=torch.float64).cumsum(1)
    for frame, model in zip(frames, predictors(frames, 4), strict=True):
        padded = torch.cat([frame.new_zeros(4), frame, frame.new_zeros(4)])
        lagged = torch.stack([padded[4 - k : 208 - k] for k in range(5)], 1)
        expected = torch.linalg.lstsq(lagged[:, 1:], -lagged[:, :1]).solution[:, 0]
        assert torch.allclose(model[1:], expected, atol=1e-4)  # the ridge
    assert torch.equal(predictors(torch.zeros(1, 50, dtype=torch.float64), 3), torch.tensor([[1.0, 0, 0, 0]]).double())


@pytest.mark.parametrize("level", [0.3, 1.0])
def test_the_minimum_meets_its_conditions(level, generator):
    """No free sample has a slope, and none at its level a slope that leads beyond it."""
    order = 6
    waveform = torch.randn(120, generator=generator, dtype=torch.float64).cumsum(0)
    waveform = waveform / waveform.std()
    model = predictors(waveform[None], order)[0]
    lower, upper = bounds(waveform[order:-order], level)
    start = torch.cat([waveform[:order], torch.zeros(108, dtype=torch.float64), waveform[-order:]])
    found = predict_within(start, lower, upper, model, rounds=30)
    assert ((found >= lower) & (found <= upper)).all()
    whole = torch.cat([waveform[:order], found, waveform[-order:]])
    matrix = error_matrix(model, 120)
    slope = (matrix.T @ matrix @ whole)[order:-order]
    at_level = (found == lower) | (found == upper)
    unknown = lower < upper
    assert slope[unknown & ~at_level].abs().max() < 1e-6
    assert (slope[unknown & (found == lower)] > -1e-6).all()
    assert (slope[unknown & (found == upper)] < 1e-6).all()


def test_tones_come_back_in_frames_and_refined():
    place = torch.arange(3000, dtype=torch.float64)
    tones = torch.sin(place * 0.11) + 0.5 * torch.sin(place * 0.317 + 1)
    lower, upper = bounds(tones, 0.8)
    clipped = tones.clamp(-0.8, 0.8)
    inside = slice(600, -600)  # beyond the ends both take silence for known
    for estimate in (declip_frames(lower, upper, 32, 512, 5), refine(clipped, lower, upper, 32, 512, most_clipped=1.0)):
        assert torch.equal(estimate[lower == upper], tones[lower == upper])
        assert ((estimate >= lower) & (estimate <= upper)).all()
        assert (estimate - tones)[inside].norm() < 0.5 * (clipped - tones)[inside].norm()  # 0.24 and less


def test_frames_of_which_most_is_clipped_stay(generator):
    waveform = torch.randn(1000, generator=generator, dtype=torch.float64)
    lower, upper = bounds(waveform, 0.3)
    estimate = (1.5 * waveform).clamp(lower, upper)
    assert torch.allclose(refine(estimate, lower, upper, 8, 64, most_clipped=0.0), estimate, atol=1e-12)
