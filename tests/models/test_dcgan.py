"""The DCGAN's generator: the source's layers, any size, any level."""

import pytest
import torch
from torch import nn

from dap.config.build import build
from dap.layers.upsample.interpolation import Interpolation
from dap.layers.upsample.transposed import Transposed
from dap.models.dcgan import DCGAN
from dap.models.latents.grid import GridLatent
from tests.options import options, settings


def convolutions(network: nn.Module) -> list[tuple]:
    """(kernel, stride, padding, transposed) of each."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    return [(layer.kernel_size[0], layer.stride[0], layer.padding[0], layer.transposed) for layer in layers]


def test_the_sources_layers():
    """Transposed 3/1/1, transposed 4/2/1 a stage, and the last map by map: what the default upsampler makes."""
    made = build(settings("model=dcgan")["model"], "model")(in_channels=8, out_channels=1, size=(64, 64))
    assert convolutions(made) == [(3, 1, 1, True), *[(4, 2, 1, True)] * 4, (1, 1, 0, False)]
    norms = [module for module in made.modules() if isinstance(module, nn.InstanceNorm2d)]
    assert len(norms) == 4
    assert convolutions(DCGAN(8, 1, (64, 64))) == convolutions(made)


def test_upsampling_without_weights_is_followed_by_a_convolution():
    network = DCGAN(8, 1, (64, 64), upsampler=Interpolation, stages=3)
    assert convolutions(network) == [(3, 1, 1, True), *[(3, 1, 1, False)] * 3]
    assert sum(isinstance(module, Interpolation) for module in network.modules()) == 3


@pytest.mark.parametrize("upsampler", options("upsampler"))
@pytest.mark.parametrize(("size", "stages"), [((512, 9), 4), ((33, 21), 2), ((7, 1), 2), ((64, 128), 1)])
def test_any_size_from_the_latents_grid(upsampler, size, stages):
    make = build(settings("model=dcgan", f"upsampler={upsampler}", f"model.stages={stages}", "size.width=4")["model"], "model")
    latent = GridLatent(3, stages)(size, torch.Generator().manual_seed(0))
    assert make(in_channels=3, out_channels=2, size=size)(latent).shape == (1, 2, *size)


def test_a_magnitude_starts_quiet_is_never_negative_and_reaches_any_level():
    torch.manual_seed(0)
    network = DCGAN(4, 1, (32, 32), width=8, stages=2)
    latent = GridLatent(4, 2)((32, 32), torch.Generator().manual_seed(0))
    assert 0 < float(network(latent).detach().max()) < 0.2
    with torch.no_grad():
        network.layers[-1].bias.fill_(50.0)
    assert float(network(latent).detach().mean()) == pytest.approx(50.0, abs=1.0)
    with torch.no_grad():
        network.layers[-1].bias.fill_(-50.0)
    assert float(network(latent).detach().min()) >= 0


def test_a_complex_spectrogram_has_both_signs():
    made = settings(
        "model=dcgan", "model.nonnegative=false", "representation._target_=dap.dsp.representation.ComplexSpectrogram"
    )
    waveform = torch.randn(1, 1, 4000)
    target = build(made["representation"], "representation").of(waveform).analysis(waveform)
    size = tuple(target.shape[2:])
    latent = build(made["latent"], "latent")(size, torch.Generator().manual_seed(0))
    output = build(made["model"], "model")(in_channels=latent.shape[1], out_channels=target.shape[1], size=size)(latent)
    assert output.shape == target.shape
    assert float(output.detach().min()) < 0 < float(output.detach().max())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": (100,)}, r"puts out spectrograms, of size \(n_freq, n_frames\), got \(100,\)"),
        ({"size": (7, 8), "stages": 3}, r"stages = 3 leave one value of \(7, 8\) maps"),
        ({"stages": 0}, "must be at least 1, got 2, 1, 32, 0"),
        ({"init_std": 0.0}, r"init_std must be above 0, got 0\.0"),
    ],
)
def test_wrong_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        DCGAN(2, 1, **{"size": (32, 32), **arguments})


def test_a_latent_on_another_grid():
    with pytest.raises(ValueError, match=r"a grid of \(8, 8\), got \(16, 16\)"):
        DCGAN(2, 1, (32, 32), width=2, stages=2)(torch.rand(1, 2, 16, 16))


def test_the_latent_is_uniform_and_the_same_for_the_same_seed():
    draws = [GridLatent(8, 2, 0.1)((50, 51), torch.Generator().manual_seed(3)) for _ in range(2)]
    assert torch.equal(*draws)
    assert draws[0].shape == (1, 8, 13, 13)
    assert 0 <= float(draws[0].min()) < float(draws[0].max()) < 0.1
    assert float(draws[0].mean()) == pytest.approx(0.05, rel=0.1)


@pytest.mark.parametrize("arguments", [{"channels": 0}, {"stages": -1}, {"scale": 0.0}])
def test_wrong_latent(arguments):
    with pytest.raises(ValueError, match="must be"):
        GridLatent(**{"channels": 2, "stages": 2, **arguments})


def test_the_transposed_convolution_of_the_signature_is_the_configs():
    network = DCGAN(2, 1, (32, 32), width=2, stages=1)
    (layer,) = [module for module in network.modules() if isinstance(module, Transposed)]
    assert layer.convolution.bias is None
