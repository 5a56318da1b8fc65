"""The distances that are added: of an autoencoder's features, of spectra; and the plain update."""

from functools import partial

import pytest
import torch
from torch import nn

from dap.losses.elementwise import l1, l2
from dap.losses.spectral_loss import LogSpectralDistance, MultiResolutionSTFT
from dap.methods.learned.feature_loss import AutoencoderFeatures
from dap.methods.learned.regression import Regression
from dap.methods.learned.restorer import gain_to, silence_output
from dap.models.epfl_autoencoder import EPFLAutoencoder
from tests.methods.learned.networks import DEVICE, WINDOW, batch, restorer, weights


def features(dropout: float = 0.5, **settings) -> AutoencoderFeatures:
    torch.manual_seed(2)
    make = partial(EPFLAutoencoder, width=4, depth=1, skips=False, dropout=dropout)
    made = AutoencoderFeatures(make, partial(torch.optim.Adam, lr=3e-3), **({"weight": 0.5, "epochs": 1} | settings))
    made.build(1, WINDOW, DEVICE)
    return made


def test_the_autoencoder_learns_the_identity_and_then_stays():
    term = features(dropout=0.0)
    observation, reference = batch(16)
    losses = [term.learn(observation, reference, observation, 0)["autoencoder"] for _ in range(60)]
    assert losses[-1] < 0.7 * losses[0]
    before = weights(term.autoencoder)
    assert term.loss(observation, reference, observation, 0) is None  # not before it has learnt
    assert term.learn(observation, reference, observation, 1) == {}
    assert term.loss(observation, reference, observation, 1).item() > 0
    assert torch.equal(weights(term.autoencoder), before)


def test_features_agree_where_the_sounds_do_and_pass_gradients_to_the_estimate_alone():
    term = features()
    observation, reference = batch()
    assert term.loss(reference, reference, observation, 1).item() == 0  # no dropout between the two
    estimate = observation.clone().requires_grad_()
    loss = term.loss(estimate, reference, observation, 1)
    loss.backward()
    assert float(estimate.grad.abs().max()) > 0
    assert all(weight.grad is None for weight in term.autoencoder.parameters())
    assert features(weight=1.0).loss(observation, reference, observation, 1).item() == pytest.approx(2 * loss.item())


def test_an_autoencoder_with_skips_is_none():
    term = AutoencoderFeatures(partial(EPFLAutoencoder, width=2), torch.optim.Adam, weight=1.0)
    with pytest.raises(ValueError, match="the autoencoder needs skips: false"):
        term.build(1, WINDOW, DEVICE)


@pytest.mark.parametrize("term", [LogSpectralDistance(0.5), MultiResolutionSTFT(0.5)])
def test_distances_of_spectra(term):
    sound = torch.randn(2, 1, 4096, generator=torch.Generator().manual_seed(0))
    other = (sound + 0.1 * torch.randn(2, 1, 4096)).requires_grad_()
    assert term.loss(sound, sound, sound, 0).item() == pytest.approx(0, abs=1e-5)
    loss = term.loss(other, sound, sound, 0)
    loss.backward()
    assert loss.item() > 0
    assert torch.isfinite(other.grad).all()
    silence = torch.zeros(2, 1, 4096, requires_grad=True)
    quiet = term.loss(silence, torch.zeros(2, 1, 4096), sound, 0)
    if quiet is not None:
        quiet.backward()
        assert torch.isfinite(silence.grad).all()


def test_the_log_spectral_distance_is_the_metrics():
    """Of loud noise, where the floor says nothing, up to the hop, which is finer here."""
    from dap.metrics.spectral import log_spectral_distance

    sound, other = torch.randn(2, 1, 1, 16384, generator=torch.Generator().manual_seed(0))
    mine = LogSpectralDistance(1.0).loss(other, sound, sound, 0).item()
    assert mine == pytest.approx(log_spectral_distance(other[0], sound[0], 1024, 256), rel=0.05)


@pytest.mark.parametrize("loss", [l1, l2])
def test_the_plain_update_learns(loss):
    network = restorer(0.0)
    silence_output(network.network)
    update = Regression(network, loss, partial(torch.optim.Adam, lr=3e-3))
    observation, reference = batch(16)
    first = update.step((observation, reference), 0)
    assert first["loss"] == first["distance"] == pytest.approx(loss(observation, reference).item(), rel=1e-5)
    for _ in range(40):
        last = update.step((observation, reference), 0)
    assert last["loss"] < 0.5 * first["loss"]


def test_the_plateau_lowers_the_networks_rate():
    update = Regression(restorer(), l2, torch.optim.Adam, [], partial(torch.optim.lr_scheduler.ReduceLROnPlateau, patience=0))
    for value in (1.0, 2.0, 2.0):
        update.end_epoch(value)
    assert update.optimizer.param_groups[0]["lr"] == pytest.approx(1e-5)


def test_weights_must_not_be_negative():
    for make in (LogSpectralDistance, MultiResolutionSTFT):
        with pytest.raises(ValueError, match="weight must be at least 0, got -1"):
            make(-1.0)
    with pytest.raises(ValueError, match="epochs must be at least 0, got -1"):
        features(epochs=-1)
    with pytest.raises(ValueError, match="too short for frames of 1024"):
        LogSpectralDistance(1.0).loss(*[torch.zeros(1, 1, 512)] * 3, 0)


def test_silence_stays_silence_and_the_rest_comes_to_the_level():
    windows = torch.stack([torch.zeros(1, 64), 1e-3 * torch.ones(1, 64), torch.randn(1, 64)])
    scaled = gain_to(0.1, windows) * windows
    assert not scaled[0].any()
    assert torch.allclose(scaled[1:].square().mean((1, 2)).sqrt(), torch.tensor(0.1))
    assert torch.equal(gain_to(None, windows), torch.ones(3, 1, 1))
    with pytest.raises(ValueError, match="no convolution to begin in silence"):
        silence_output(nn.Identity())
