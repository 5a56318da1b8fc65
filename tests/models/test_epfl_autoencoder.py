"""The EPFL U-Net, against the source's table of layers."""

import pytest
import torch
from torch import nn

from dap.dsp.representation import Waveform
from dap.layers.dropout import Dropout
from dap.layers.upsample.interpolation import Interpolation
from dap.losses.elementwise import l2
from dap.methods.prior.deep_prior import DeepPrior
from dap.methods.problem import Problem
from dap.models.epfl_autoencoder import EPFLAutoencoder, Interleave
from dap.models.latents.latent import Latent
from dap.tasks.denoise import Denoise
from tests.options import composed


def layers(network: nn.Module) -> list[tuple[int, int, int, int]]:
    """(channels in, channels out, taps, stride) of each convolution."""
    return [
        (module.in_channels, module.out_channels, module.kernel_size[0], module.stride[0])
        for module in network.modules()
        if isinstance(module, nn.Conv1d)
    ]


DOWN = [(1, 128, 65, 2), (128, 256, 33, 2), (256, 512, 17, 2), (512, 512, 9, 2), (512, 512, 9, 2)]


def test_the_sources_layers():
    """Its table for a depth of 4 and 1024 samples, with the code's numbers of taps."""
    up = [(512, 1024, 9, 1), (1024, 1024, 17, 1), (1024, 512, 33, 1), (512, 256, 65, 1), (256, 2, 9, 1)]
    network = EPFLAutoencoder(1, 1, (1024,))
    assert layers(network) == DOWN + up
    assert [module.rate for module in network.modules() if isinstance(module, Dropout)] == [0.5] * 5
    assert {module.negative_slope for module in network.modules() if isinstance(module, nn.LeakyReLU)} == {0.2}


def test_the_sources_autoencoder():
    up = [(512, 2048, 9, 1), (1024, 2048, 17, 1), (1024, 1024, 33, 1), (512, 512, 65, 1), (256, 2, 9, 1)]
    assert layers(EPFLAutoencoder(1, 1, (1024,), skips=False)) == DOWN + up


@pytest.mark.parametrize(("n_in", "width", "depth"), [(1, 4, 1), (3, 4, 4), (1, 2, 8)])
def test_the_number_of_parameters(n_in, width, depth):
    """The lists min(2^(6+b), 512) and max(2^(7−b)+1, 9) of the source, the first scaled by width / 128."""
    channels = [width * min(2 ** (6 + b), 512) // 128 for b in range(1, depth + 1)]
    taps = [max(2 ** (7 - b) + 1, 9) for b in range(1, depth + 1)]
    inputs = [n_in, *channels[:-1]]
    expected = sum(k * a * c + c for a, c, k in zip(inputs, channels, taps, strict=True))
    expected += taps[-1] * channels[-1] ** 2 + channels[-1]
    joined = [2 * c for c in channels[1:]] + [channels[-1]]
    expected += sum(k * a * 2 * c + 2 * c for a, c, k in zip(joined, channels, taps, strict=True))
    expected += 9 * 2 * channels[0] * 2 + 2
    network = EPFLAutoencoder(n_in, 1, (4096,), width=width, depth=depth)
    assert sum(weight.numel() for weight in network.parameters()) == expected


def test_interleaving_undoes_the_split_into_even_and_odd_samples():
    x = torch.randn(2, 3, 10)
    assert torch.equal(Interleave()(torch.stack([x[..., 0::2], x[..., 1::2]], dim=2).flatten(1, 2)), x)


@pytest.mark.parametrize("skips", [True, False])
@pytest.mark.parametrize("n_samples", [32, 33, 1023, 4096])
def test_any_length(n_samples, skips):
    network = EPFLAutoencoder(2, 2, (n_samples,), width=2, skips=skips)
    assert network(torch.randn(1, 2, n_samples)).shape == (1, 2, n_samples)


def test_without_skips_all_passes_through_the_bottleneck():
    """One value of the bottleneck's output stands for 32 samples: a constant there leaves no trace of the input."""
    for skips in (True, False):
        network = EPFLAutoencoder(1, 1, (1024,), width=2, skips=skips, dropout=0.0)
        nn.init.zeros_(network.bottleneck[0].weight)
        first, second = network(torch.randn(1, 1, 1024)), network(torch.randn(1, 1, 1024))
        assert torch.equal(first, second) is not skips


def test_the_input_is_added_on_request():
    torch.manual_seed(0)
    plain = EPFLAutoencoder(1, 1, (100,), width=2, dropout=0.0)
    added = EPFLAutoencoder(1, 1, (100,), width=2, dropout=0.0, add_input=True)
    added.load_state_dict(plain.state_dict())
    x = torch.randn(1, 1, 100)
    assert torch.equal(added(x), plain(x) + x)


def test_another_upsampler_takes_the_place_of_interleaving():
    asked = []

    def upsampler(channels: int, factor: tuple[int, ...]) -> nn.Module:
        asked.append((channels, factor))
        return Interpolation(channels, factor)

    network = EPFLAutoencoder(1, 1, (128,), upsampler=upsampler, width=3, depth=2)
    assert asked == [(6, (2,)), (3, (2,))]
    assert layers(network)[3:] == [(6, 6, 33, 1), (12, 3, 65, 1), (6, 2, 9, 1)]
    assert network(torch.randn(1, 1, 128)).shape == (1, 1, 128)


@pytest.mark.slow
def test_a_fit_with_dropout_repeats_and_leaves_the_global_state_alone():
    def fitted(seed: int) -> torch.Tensor:
        method = DeepPrior(
            network=lambda **sizes: EPFLAutoencoder(**sizes, width=2, dropout=0.5),
            representation=Waveform(),
            latent=Latent(2),
            loss=l2,
            optimizer=torch.optim.Adam,
            steps=3,
            seed=seed,
        )
        return list(method.restore(Problem(observation, Denoise(noise_std=0.1), 16000)))[-1].estimate

    observation = torch.randn(1, 500)
    state = torch.get_rng_state()
    first = fitted(0)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(7)
    assert torch.equal(fitted(0), first)
    assert not torch.equal(fitted(1), first)


def test_the_learning_rate_is_its_own_and_can_be_given():
    assert composed("model=epfl_autoencoder").optimizer.lr == 1e-3
    assert composed("model=epfl_autoencoder", "lr=0.0001").optimizer.lr == 1e-4


@pytest.mark.parametrize(
    ("n_samples", "settings", "message"),
    [
        (31, {}, "a depth of 4 needs at least 32 samples, got 31"),
        (1023, {"depth": 9}, "a depth of 9 needs at least 1024 samples, got 1023"),
        (100, {"depth": 0}, "depth must be at least 1, got 2, 1, 128, 0"),
        (100, {"add_input": True}, "add_input needs an input of as many channels as the output has, got 2 and 1"),
        (100, {"dropout": 1.0}, "rate must be at least 0 and below 1, got 1.0"),
    ],
)
def test_wrong_settings(n_samples, settings, message):
    with pytest.raises(ValueError, match=message):
        EPFLAutoencoder(2, 1, (n_samples,), **settings)
