"""Collaborative sampling raises the discriminator's confidence, no more; shaping changes that one alone."""

from functools import partial

import pytest
import torch

from dap.losses.elementwise import l2
from dap.losses.term import evaluating
from dap.methods.learned.collaborative import Collaborative, Shaping, confidence
from dap.methods.learned.regression import Regression
from tests.methods.learned.networks import batch, judge, restorer, weights


@pytest.fixture(scope="module")
def trained():
    """A network that restores badly, and a discriminator that sees it for the most part."""
    network, adversary = restorer(), judge(conditional=True)
    for seed in range(60):
        observation, reference = batch(16, seed)
        with evaluating(network):
            adversary.learn(network(observation).detach(), reference, observation, 0)
    return network, adversary


def plain(network, adversary, observation):
    with torch.no_grad(), evaluating(network, adversary.discriminator):
        estimate = network(observation)
        return estimate, confidence(adversary, estimate, observation)


def refined(trained, observation, **settings):
    network, adversary = trained
    estimate = Collaborative(**({"n_steps": 20, "step_size": 1.0} | settings)).refine(network, adversary, observation)
    with evaluating(adversary.discriminator):
        return estimate, confidence(adversary, estimate, observation)


@pytest.mark.slow
def test_it_raises_the_discriminators_confidence(trained):
    observation, _ = batch(16, 1000)
    _, before = plain(*trained, observation)
    threshold = 0.99  # that none of them reaches
    _, after = refined(trained, observation, threshold=threshold)
    assert (after >= before).all()
    assert (after > before + 0.02).float().mean() > 0.6  # of 16 items 14 to 16
    _, later = refined(trained, observation, threshold=threshold, n_steps=60)
    assert later.mean() > after.mean()


def test_what_is_taken_for_real_is_not_touched(trained):
    """To the bit; and what is not is moved no further than until it is."""
    observation, _ = batch(16, 1000)
    estimate, before = plain(*trained, observation)
    threshold = float(before.median())
    found, after = refined(trained, observation, threshold=threshold)
    real = before > threshold
    assert 0 < int(real.sum()) < 16
    assert torch.equal(found[real], estimate[real])
    assert not torch.equal(found[~real], estimate[~real])
    assert (after[~real] > before[~real]).all()
    assert torch.equal(refined(trained, observation, threshold=1e-6)[0], estimate)
    assert torch.equal(refined(trained, observation, n_steps=0)[0], estimate)


def test_each_item_is_refined_for_itself(trained):
    observation, _ = batch(4, 1000)
    together, _ = refined(trained, observation, threshold=0.9)
    alone, _ = refined(trained, observation[2:3], threshold=0.9)
    assert torch.allclose(together[2:3], alone, atol=1e-4)


def test_refining_changes_no_weight_and_draws_nothing(trained):
    network, adversary = trained
    observation, _ = batch(4, 1000)
    before = weights(network), weights(adversary.discriminator)
    modes = network.training, adversary.discriminator.training
    first, _ = refined(trained, observation, threshold=0.9)
    again, _ = refined(trained, observation, threshold=0.9)
    assert torch.equal(first, again)  # no dropout
    assert all(map(torch.equal, before, (weights(network), weights(adversary.discriminator))))
    assert modes == (network.training, adversary.discriminator.training)
    assert all(weight.requires_grad for weight in [*network.parameters(), *adversary.discriminator.parameters()])


def test_shaping_changes_the_discriminator_and_nothing_else():
    network, adversary = restorer(), judge()
    inner = Regression(network, l2, torch.optim.Adam, [adversary])
    update = Shaping(inner, 1, network, adversary, Collaborative(n_steps=3, threshold=0.9))
    update.step(batch(), 0)
    before, others = weights(adversary.discriminator), weights(network)
    moments = [state["step"].clone() for state in inner.optimizer.state.values()]
    losses = update.step(batch(), 1)
    assert set(losses) == {"discriminator", "discriminator_real", "discriminator_made"}
    assert torch.equal(weights(network), others)
    assert all(map(torch.equal, moments, [state["step"] for state in inner.optimizer.state.values()]))
    assert not torch.equal(weights(adversary.discriminator), before)


def test_shaping_steps_do_not_add_up():
    """Two equal steps from equal weights are equal: the gradient of the one is not in the other."""
    found = []
    for extra in (False, True):
        network, adversary = restorer(), judge()
        adversary.optimizers["discriminator"] = torch.optim.SGD(adversary.discriminator.parameters(), lr=0.1)
        update = Shaping(
            Regression(network, l2, torch.optim.Adam, [adversary]), 0, network, adversary, Collaborative(n_steps=1)
        )
        if extra:
            for weight in adversary.discriminator.parameters():
                weight.grad = torch.ones_like(weight)  # left over from elsewhere
        update.step(batch(), 0)
        found.append(weights(adversary.discriminator))
    assert torch.equal(*found)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_steps": -1}, "n_steps and shaping_epochs must be at least 0, got -1 and 0"),
        ({"step_size": 0.0}, "step_size must be above 0, got 0"),
        ({"threshold": 1.0}, "threshold must be a probability above 0 and below 1, got 1"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Collaborative(**settings)


def test_a_network_without_such_a_block_is_refused():
    with pytest.raises(ValueError, match="the network has no list of blocks 'middle'"):
        Collaborative(n_steps=1, block="middle").find_block(restorer())
    with pytest.raises(ValueError, match="up has 3 blocks, got 3"):
        Collaborative(n_steps=1, index=3).find_block(restorer())
    assert isinstance(partial(Collaborative, n_steps=1)().find_block(restorer()), torch.nn.Sequential)
