"""Separation: the sources sum to the mixture, and their order is the references'."""

import pytest
import torch

from dap.tasks.chain import Chain
from dap.tasks.denoise import Denoise
from dap.tasks.separation import Separation


@pytest.mark.parametrize("n_sources", [2, 3])
def test_whatever_is_estimated_sums_to_the_mixture(n_sources, generator):
    task = Separation(n_sources)
    mixture = torch.randn(2, 500, generator=generator)
    estimate = torch.randn(n_sources, 2, 500, generator=generator)
    finished = task.finish(estimate, mixture)
    assert torch.allclose(finished.sum(0), mixture, atol=1e-5)
    away = finished - estimate
    assert torch.allclose(away, away[:1].expand_as(away), atol=1e-6)  # all alike


def test_a_batch_of_mixtures():
    sources = torch.randn(4, 2, 1, 100)
    assert torch.equal(Separation().observe(sources), sources[:, 0] + sources[:, 1])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_estimates_are_put_into_the_order_of_the_references(order, generator):
    reference = torch.randn(3, 1, 1000, generator=generator)
    estimate = reference + 0.3 * torch.randn(3, 1, 1000, generator=generator)
    shuffled = estimate[list(order)]
    assert torch.equal(Separation(3).align(shuffled, reference), estimate)
    assert torch.equal(Separation(3, permute=False).align(shuffled, reference), shuffled)
    assert torch.equal(Chain([Separation(3), Denoise(noise_std=0.1)]).align(shuffled, reference), estimate)


def test_a_noisy_mixture_is_a_chain(generator):
    chain = Chain([Separation(), Denoise(noise_std=0.1)]).at(8000, 1000, generator)
    reference = torch.randn(2, 1, 1000, generator=generator)
    observation = chain.degrade(reference, generator)
    assert observation.shape == (1, 1000)
    assert chain.finish(reference, observation).shape == reference.shape


def test_what_is_not_told_is_how_the_sources_differ():
    sources = torch.tensor([[[3.0]], [[1.0]]])
    assert Separation().unobserved(sources).tolist() == [[[1.0]], [[-1.0]]]


@pytest.mark.parametrize("n_sources", [1, 7])
def test_too_few_or_too_many_sources(n_sources):
    with pytest.raises(ValueError, match=f"n_sources must be from 2 to 6, got {n_sources}"):
        Separation(n_sources)


@pytest.mark.parametrize("shape", [(1, 100), (3, 1, 100)])
def test_what_is_no_two_sources(shape):
    with pytest.raises(ValueError, match=r"expected 2 sources, .* task=separation goes with data=mixture"):
        Separation().observe(torch.zeros(shape))
