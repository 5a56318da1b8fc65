"""Linear prediction, against the covariance matrix of the model, written out in full."""

import numpy as np
import pytest
import torch

from dap.dsp.autoregression import linear_prediction, predict_missing


def covariance(coefficients: torch.Tensor, n_samples: int) -> torch.Tensor:
    """Of the model driven by white noise, from its impulse response."""
    response = np.zeros(20000)
    weights = coefficients.numpy()
    for n in range(len(response)):
        past = response[max(0, n - len(weights) + 1) : n][::-1]
        response[n] = float(n == 0) - past @ weights[1 : len(past) + 1]
    lags = np.array([response[: len(response) - lag] @ response[lag:] for lag in range(n_samples)])
    place = np.arange(n_samples)
    return torch.from_numpy(lags[abs(place[:, None] - place)])


@pytest.mark.parametrize(
    ("order", "gaps"),
    [
        (7, [(20, 45)]),  # longer than the order: several blocks
        (5, [(0, 12)]),  # at the start
        (9, [(60, 80)]),  # at the end
        (3, [(n, n + 1) for n in range(0, 80, 2)]),
        (60, [(30, 40), (41, 50)]),  # an order of most of the stretch
    ],
)
def test_missing_samples_are_the_conditional_mean(order, gaps, generator):
    waveform = torch.randn(80, generator=generator, dtype=torch.float64).cumsum(0)
    model = linear_prediction(waveform, order)
    missing = torch.zeros(80, dtype=torch.bool)
    for first, last in gaps:
        missing[first:last] = True
    matrix = covariance(model, 80)
    known = torch.linalg.solve(matrix[~missing][:, ~missing], waveform[~missing])
    expected = waveform.clone()
    expected[missing] = matrix[missing][:, ~missing] @ known
    found = predict_missing(waveform.where(~missing, 99.0), missing, model)
    assert torch.allclose(found, expected, atol=1e-8)


def test_inside_a_stretch_it_is_the_least_prediction_error(generator):
    """Janssen's own formula: least squares over the equations, with the matrix of the model written out."""
    waveform = torch.randn(200, generator=generator, dtype=torch.float64).cumsum(0)
    model, missing = linear_prediction(waveform, 12), torch.zeros(200, dtype=torch.bool)
    missing[80:110] = True
    equations = torch.zeros(200 - 12, 200, dtype=torch.float64)
    for n in range(12, 200):
        equations[n - 12, n - 12 : n + 1] = model.flip(0)
    expected = -torch.linalg.lstsq(equations[:, missing], equations[:, ~missing] @ waveform[~missing, None]).solution[:, 0]
    assert torch.allclose(predict_missing(waveform, missing, model)[missing], expected, atol=1e-8)


def test_a_model_is_found_again(generator):
    """White noise through 1 / (1 − 1.2 z⁻¹ + 0.8 z⁻²): a standard error is √(0.36 / 20000 · 1.5), with the window."""
    noise = torch.randn(20000, generator=generator, dtype=torch.float64)
    waveform = [0.0, 0.0]
    for value in noise.tolist():
        waveform.append(1.2 * waveform[-1] - 0.8 * waveform[-2] + value)
    found = linear_prediction(torch.tensor(waveform, dtype=torch.float64), 2)
    assert found.tolist() == pytest.approx([1, -1.2, 0.8], abs=0.05)


def test_every_model_is_stable(generator):
    """No root outside the unit circle, even where the sound grows; of tones they are on it, and nothing decays."""
    tone = torch.cos(0.1 * torch.arange(500.0))
    for waveform in (tone, torch.randn(500, generator=generator), torch.ones(500), 1.01 ** torch.arange(500)):
        roots = np.roots(linear_prediction(waveform.double(), 8).numpy())
        assert abs(roots).max() < 1 + 1e-9
    assert abs(np.roots(linear_prediction(tone.double(), 8).numpy())).max() > 1 - 1e-6


def test_the_first_coefficient_is_burgs_formula(generator):
    """The first coefficient by hand, with the window written out."""
    waveform = torch.randn(50, generator=generator, dtype=torch.float64)
    middle = np.arange(1, 50) + 0.0  # halfway between n − 1 and n, where the clip goes from 0 to 50
    weights = torch.from_numpy(np.sin(np.pi * middle / 50) ** 2)
    now, before = waveform[1:], waveform[:-1]
    expected = -2 * (weights * now * before).sum() / (weights * (now**2 + before**2)).sum()
    assert float(linear_prediction(waveform, 1)[1]) == pytest.approx(float(expected))


def test_a_stretch_shorter_than_the_order():
    with pytest.raises(ValueError, match="a model of order 5 needs more than 5 samples in a row, got 5"):
        linear_prediction(torch.zeros(5, dtype=torch.float64), 5)


def test_silence_is_predicted_from_silence():
    model = linear_prediction(torch.zeros(50, dtype=torch.float64), 3)
    assert model.tolist() == [1, 0, 0, 0]
    assert predict_missing(torch.zeros(50, dtype=torch.float64), torch.arange(50) < 20, model).abs().max() == 0
