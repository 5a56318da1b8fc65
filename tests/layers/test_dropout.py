"""Dropout: its statistics, and that its randomness is its own."""

import pytest
import torch

from dap.layers.dropout import Dropout


def made(rate: float, seed: int = 0) -> Dropout:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Dropout(rate)


def test_the_mean_is_kept_and_the_rate_is_right():
    x = torch.full((1, 4, 10000), 3.0)
    y = made(0.25)(x)
    assert (y == 0).float().mean() == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / 40000) ** 0.5)  # 4 standard errors
    assert torch.allclose(y[y != 0], torch.tensor(4.0))


def test_each_call_draws_anew_and_repeats_with_the_seed():
    x = torch.ones(1, 2, 100)
    first, second, other = made(0.5), made(0.5), made(0.5, seed=1)
    draws = [first(x), first(x)]
    assert not torch.equal(*draws)
    assert torch.equal(torch.cat(draws), torch.cat([second(x), second(x)]))
    assert not torch.equal(draws[0], other(x))


def test_the_global_state_is_left_alone():
    layer = made(0.5)
    state = torch.get_rng_state()
    layer(torch.ones(1, 2, 100))
    assert torch.equal(torch.get_rng_state(), state)


def test_evaluation_and_a_rate_of_zero_do_nothing():
    x = torch.randn(1, 2, 100)
    assert torch.equal(made(0.5).eval()(x), x)
    assert torch.equal(made(0.0)(x), x)


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_wrong_rates(rate):
    with pytest.raises(ValueError, match=f"rate must be at least 0 and below 1, got {rate}"):
        Dropout(rate)
