"""The structure of Demucs v2 without skips (Turetzky et al., 2022), and its lengths."""

import pytest
import torch
from torch import nn

from dap.models.demucs import Demucs
from tests.options import settings


def n_parameters(width: int, depth: int, lstm_layers: int, glu: bool) -> int:
    """By hand: kernels 8 on the way down and up, 1 × 1 and 3 before the gates, and the LSTM's four gates both ways."""
    gates = 2 if glu else 1
    total = 0
    for level in range(depth):
        channels, above = width * 2**level, width * 2 ** (level - 1) if level else 1
        total += 8 * above * channels + channels + gates * (channels * channels + channels)
        total += gates * (3 * channels * channels + channels) + 8 * channels * above + above
    for layer in range(lstm_layers):
        total += 2 * 4 * (channels * (2 * channels if layer else channels) + channels * channels + 2 * channels)
    return total + (2 * channels * channels + channels if lstm_layers else 0)


@pytest.mark.parametrize(("depth", "lstm_layers", "glu"), [(2, 4, True), (3, 2, False), (2, 0, True)])
def test_the_number_of_parameters(depth, lstm_layers, glu):
    network = Demucs(1, 1, (4000,), width=16, depth=depth, lstm_layers=lstm_layers, glu=glu)
    assert sum(weight.numel() for weight in network.parameters()) == n_parameters(16, depth, lstm_layers, glu)


def test_the_published_layers():
    network = Demucs(1, 1, (4000,))
    strided = [layer for layer in network.modules() if isinstance(layer, nn.Conv1d) and layer.stride == (4,)]
    transposed = [layer for layer in network.modules() if isinstance(layer, nn.ConvTranspose1d)]
    assert [(layer.in_channels, layer.out_channels, layer.kernel_size) for layer in strided] == [(1, 64, (8,)), (64, 128, (8,))]
    assert [(layer.in_channels, layer.out_channels, layer.kernel_size) for layer in transposed] == [
        (128, 64, (8,)),
        (64, 1, (8,)),
    ]
    assert all(layer.stride == (4,) for layer in transposed)
    assert (network.lstm.lstm.num_layers, network.lstm.lstm.hidden_size, network.lstm.lstm.bidirectional) == (4, 128, True)


@pytest.mark.parametrize("depth", range(1, 7))
@pytest.mark.parametrize("n_samples", [1, 2, 63, 500, 1001])
def test_any_length_at_any_depth(depth, n_samples):
    for resample in (True, False):
        network = Demucs(1, 2, (n_samples,), width=1, depth=depth, lstm_layers=1, resample=resample)
        assert network(torch.rand(1, 1, n_samples)).shape == (1, 2, n_samples)


def test_the_valid_length_is_the_shortest_that_gives_enough():
    network = Demucs(1, 1, (1,), width=1, lstm_layers=0, resample=False)
    for length in (100, 333, 1000):
        valid = network.valid_length(length)
        assert network.decoder(network.encoder(torch.rand(1, 1, valid))).shape[-1] >= length
        assert network.decoder(network.encoder(torch.rand(1, 1, valid - 1))).shape[-1] < length


def test_there_is_no_way_around_the_bottleneck():
    """With the LSTM's output cut off, nothing of the latent comes through."""
    network = Demucs(1, 1, (500,), width=2)
    nn.init.zeros_(network.lstm.linear.weight)
    first, second = (network(torch.rand(1, 1, 500)) for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("rescale", [0.1, 0.5])
def test_initial_weights_are_drawn_towards_rescale(rescale):
    """A layer of torch's draws uniformly over ±1/√n, n weights an output; the mean with rescale is the geometric one."""
    for layer in Demucs(1, 1, (500,), rescale=rescale).modules():
        if isinstance(layer, nn.Conv1d | nn.ConvTranspose1d) and layer.weight.numel() > 5000:
            before = (3 * layer.weight[0].numel()) ** -0.5
            assert float(layer.weight.detach().std()) == pytest.approx((before * rescale) ** 0.5, rel=0.05)


def test_its_loss_is_l1_unless_another_is_asked_for():
    assert settings("model=demucs")["method"]["loss"]["_target_"] == "dap.losses.elementwise.l1"
    assert settings("model=demucs", "loss=l2")["method"]["loss"]["_target_"] == "dap.losses.elementwise.l2"
    assert settings("model=harmonic")["method"]["loss"]["_target_"] == "dap.losses.elementwise.l2"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 0}, "depth, stride and context must be at least 1 and lstm_layers at least 0, got 1, 1, 64, 0, 4, 3, 4"),
        ({"kernel_size": 3}, "kernel_size must be at least the stride of 4, got 3"),
        ({"rescale": 0.0}, "rescale must be above 0, got 0.0"),
    ],
)
def test_what_it_cannot_be(wrong, message):
    with pytest.raises(ValueError, match=message):
        Demucs(1, 1, (500,), **wrong)
