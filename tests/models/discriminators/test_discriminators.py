"""The discriminators: their sizes against the papers', and that each can learn to tell two kinds of sound apart."""

import pytest
import torch
from torch import nn

from dap.models.discriminators.discriminator import Discriminator
from dap.models.discriminators.multi_scale import MultiScaleDiscriminator
from dap.models.discriminators.patch import PatchDiscriminator
from dap.models.epfl_autoencoder import EPFLAutoencoder

EVERY = [Discriminator, PatchDiscriminator, MultiScaleDiscriminator]


def test_the_sources_encoder_with_batch_normalisation():
    """The first half of the generator, layer by layer, and all that is left of a window into one number."""
    generator, discriminator = EPFLAutoencoder(1, 1, (1024,)), Discriminator(1, 1024)
    sizes = [
        [(layer.in_channels, layer.out_channels, layer.kernel_size) for layer in part.modules() if isinstance(layer, nn.Conv1d)]
        for part in (nn.ModuleList([generator.down, generator.bottleneck]), discriminator.encoder)
    ]
    assert sizes[0] == sizes[1]
    assert len([layer for layer in discriminator.modules() if isinstance(layer, nn.BatchNorm1d)]) == 5
    assert (discriminator.output.in_features, discriminator.output.out_features) == (512 * 32, 1)


@pytest.mark.parametrize("depth", [1, 3, 4])
def test_a_patch_is_as_long_as_it_says(depth):
    network = PatchDiscriminator(1, 4096, width=2, depth=depth).eval()
    sound = torch.randn(1, 1, 4096, requires_grad=True)
    logits = network(sound)
    (gradient,) = torch.autograd.grad(logits[0, logits.shape[1] // 2], sound)
    seen = gradient[0, 0].nonzero()[:, 0]
    assert int(seen.max() - seen.min()) + 1 == 24 * 2**depth - 7


def test_spectral_normalisation_holds_every_weight():
    network = MultiScaleDiscriminator(1, 512, width=4, depth=2)
    for weight in network.parameters():
        weight.data *= 10
    sound = torch.randn(2, 1, 512)
    for _ in range(20):
        network(sound)  # a step of the power iteration each
    for layer in network.modules():
        if isinstance(layer, nn.Conv1d):
            assert float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("n_samples", [512, 513, 1000])
def test_items_of_a_batch_are_judged_one_by_one_in_evaluation(make, n_samples):
    network = make(2, n_samples, width=2).eval()
    sound = torch.randn(3, 2, n_samples)
    logits = network(sound)
    assert logits.shape[0] == 3
    assert torch.allclose(network(sound[1:2]), logits[1:2], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("make", EVERY)
def test_it_learns_to_tell_noise_from_tones(make):
    torch.manual_seed(0)
    network = make(1, 512, width=4)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(80):
        tones = torch.sin(0.3 * torch.rand(8, 1, 1) * torch.arange(512.0) + 6 * torch.rand(8, 1, 1))
        real, made = network(tones), network(torch.randn(8, 1, 512))
        loss = nn.functional.relu(1 - real).mean() + nn.functional.relu(1 + made).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert real.mean().item() > made.mean().item() + 0.5


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (Discriminator, (1, 31), "a depth of 4 needs at least 32 samples, got 31"),
        (Discriminator, (1, 512, 0), "must be at least 1, got 1, 0, 4"),
        (PatchDiscriminator, (1, 15), "a depth of 4 needs at least 16 samples, got 15"),
        (PatchDiscriminator, (0, 512), "must be at least 1, got 0, 64, 4"),
        (MultiScaleDiscriminator, (1, 3), "3 scales need at least 4 samples, got 3"),
        (MultiScaleDiscriminator, (1, 512, 16, 0), "must be at least 1, got 1, 16, 0, 3"),
    ],
)
def test_wrong_settings(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(*arguments)
