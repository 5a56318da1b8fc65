"""The method itself, before and after it has networks."""

from functools import partial

import pytest
import torch

from dap.dsp.representation import Waveform
from dap.losses.elementwise import l2
from dap.losses.term import Term
from dap.methods.learned.collaborative import Collaborative
from dap.methods.learned.supervised import Supervised
from dap.methods.problem import Problem
from dap.models.epfl_autoencoder import EPFLAutoencoder
from dap.tasks.denoise import Denoise


def method(**settings) -> Supervised:
    chosen = {"window": 64, "hop": 32, "epochs": 1, "batch_size": 4} | settings
    return Supervised(
        network=partial(EPFLAutoencoder, width=2, depth=2),
        representation=Waveform(),
        loss=l2,
        optimizer=torch.optim.Adam,
        scheduler=None,
        gan=Term(),
        feature_loss=Term(),
        collaborative=Collaborative(),
        **chosen,
    )


def restored(made: Supervised, sound: torch.Tensor) -> torch.Tensor:
    return next(made.restore(Problem(sound, Denoise(noise_std=0.1), 8000))).estimate


def test_without_networks_it_restores_nothing():
    with pytest.raises(ValueError, match="the networks are not built: train them, or load what was trained"):
        restored(method(), torch.randn(1, 100))


def test_building_leaves_the_global_random_numbers_alone():
    state = torch.get_rng_state()
    method().build()
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("n_samples", [1, 63, 64, 65, 1000])
def test_it_begins_as_the_identity(n_samples):
    made = method()
    made.build()
    sound = torch.randn(2, n_samples)
    assert torch.equal(restored(made, sound), sound)


def test_the_level_passes_through_it():
    """With windows brought to one level the network does the same to a quiet sound as to a loud one."""
    made = method(silent_start=False)
    made.build()
    sound = torch.randn(1, 500)
    assert torch.allclose(restored(made, 0.01 * sound), 0.01 * restored(made, sound), atol=1e-6)
    assert not torch.allclose(restored(made, sound), sound, atol=0.01)
    plain = method(silent_start=False, window_rms=None)
    plain.build()
    assert not torch.allclose(restored(plain, 0.01 * sound), 0.01 * restored(plain, sound), atol=1e-4)


def test_a_loud_window_next_to_silence_leaves_it_silent():
    made = method(silent_start=False)
    made.build()
    for layer in made.kept["network"].modules():
        if getattr(layer, "bias", None) is not None:
            torch.nn.init.zeros_(layer.bias)
    sound = torch.cat([torch.randn(1, 256), torch.zeros(1, 256)], dim=1)
    assert not restored(made, sound)[0, 320:].any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fade": 1.5}, "fade must be from 0 to 1, got 1.5"),
        ({"window_rms": 0.0}, "window_rms must be above 0 or null, got 0"),
        ({"valid_seconds": 0.0}, "valid_seconds must be above 0 s, got 0"),
        ({"n_batches": 0}, "n_batches must be at least 1, got 0"),
        ({"window": 0}, "window and hop must be 1 ≤ hop ≤ window samples, got 0 and 32"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        method(**settings)
