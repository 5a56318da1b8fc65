"""What every network must satisfy, on every option of configs/model/."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from dap.config.build import build
from dap.layers import precision
from dap.layers.precision import compute, map_layout
from tests.options import options, settings

SMALL = ["size.width=4", "size.n_fft=126", "size.hop_length=32"]


@dataclass
class Fit:
    """A network with its latent and the target it would be fitted to, at a small size."""

    network: nn.Module
    latent: Tensor
    target: Tensor


def prepared(model: str, n_samples: int = 2000, n_channels: int = 1, seed: int = 0) -> Fit:
    made = settings(f"model={model}", *SMALL)
    tone = torch.sin(0.1 * torch.arange(n_samples))  # what a prior against noise can fit
    waveform = tone + 0.1 * torch.randn(1, n_channels, n_samples, generator=torch.Generator().manual_seed(7))
    target = build(made["representation"], "representation").of(waveform).analysis(waveform)
    size = tuple(target.shape[2:])
    latent = build(made["latent"], "latent")(size, torch.Generator().manual_seed(seed))
    torch.manual_seed(seed)
    network = build(made["model"], "model")(in_channels=latent.shape[1], out_channels=target.shape[1], size=size)
    return Fit(network, latent, target)


@pytest.fixture(params=options("model"))
def model(request) -> str:
    return request.param


@pytest.mark.parametrize(("n_samples", "n_channels"), [(2000, 1), (2001, 2), (1023, 1), (4095, 1)])
def test_any_length_in_the_same_length_out(model, n_samples, n_channels):
    fit = prepared(model, n_samples, n_channels)
    assert fit.network(fit.latent).shape == fit.target.shape


def test_gradient_reaches_every_parameter(model):
    fit = prepared(model)
    (fit.network(fit.latent) - fit.target).square().mean().backward()
    unreached = [name for name, weight in fit.network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert unreached == []


def test_same_seed_same_output(model):
    first, second, other = (prepared(model, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.network(first.latent), second.network(second.latent))
    assert not torch.equal(first.network(first.latent), other.network(other.latent))


def test_bfloat16_is_near_float32(model):
    fit, exact = prepared(model), prepared(model)  # of two, because a dropout goes on from call to call
    with torch.no_grad():
        expected = exact.network(exact.latent)
    output = compute(fit.network, "bfloat16", fit.latent)
    error = float((output.detach() - expected).norm() / expected.norm())
    assert output.dtype == torch.float32
    assert 0 < error < 0.1
    (output - fit.target).square().mean().backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in fit.network.parameters())


@pytest.mark.parametrize("amx", [True, False])
def test_no_convolution_gets_a_layout_that_is_wrong_on_the_cpu(model, amx, monkeypatch):
    """In bfloat16 without AMX every map that a convolution reads or writes a gradient for is contiguous."""
    monkeypatch.setattr(precision, "_cpu_has_amx", lambda: amx)
    fit = prepared(model)
    layout = map_layout(fit.latent.device, bfloat16=True)
    if fit.latent.ndim == 4:
        fit.network.to(memory_format=layout)
        fit.latent = fit.latent.contiguous(memory_format=layout)
    with Convolutions() as seen:
        (compute(fit.network, "bfloat16", fit.latent) - fit.target).square().mean().backward()
    assert seen.dtypes == {torch.bfloat16}
    assert amx or not seen.channels_last
    assert amx == seen.channels_last or fit.latent.ndim != 4  # where it is right it is used


class Convolutions(TorchDispatchMode):
    """What the convolutions inside get, forward and backward."""

    def __init__(self) -> None:
        super().__init__()
        self.dtypes: set[torch.dtype] = set()
        self.channels_last = False

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        if "convolution" in str(operation):
            maps = [value for value in args if isinstance(value, Tensor) and value.ndim == 4]
            self.dtypes |= {value.dtype for value in args if isinstance(value, Tensor) and value.ndim > 1}
            self.channels_last |= any(
                not value.is_contiguous() and value.is_contiguous(memory_format=torch.channels_last) for value in maps
            )
        return operation(*args, **(kwargs or {}))


@pytest.mark.slow
def test_it_can_overfit(model):
    """With its own optimizer, from its first output, to half of what silence has: it is connected the right way round.

    Of any seed: 7 to 166 steps were seen over five seeds of each model.
    """
    fit = prepared(model)
    target = 0.1 * fit.target / fit.target.square().mean().sqrt()
    optimizer = build(settings(f"model={model}", *SMALL)["optimizer"], "optimizer")(fit.network.parameters())
    for _ in range(400):
        loss = (fit.network(fit.latent) - target).square().mean()
        if loss < 0.5 * target.square().mean():
            return
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    pytest.fail(f"the loss is still {loss.item():.4f} after 400 steps, and silence's 0.01")


@pytest.mark.parametrize("size", [(512, 9), (33, 21), (7, 1), (64, 128)])
def test_a_spectrogram_unet_takes_any_size(size):
    make = build(settings("model=spectrogram_unet", *SMALL)["model"], "model")
    assert make(in_channels=3, out_channels=2, size=size)(torch.randn(1, 3, *size)).shape == (1, 2, *size)


@pytest.mark.parametrize("model", ["spectrogram_unet", "dilated_unet"])
def test_the_papers_widths(model):
    """Appendix A: [in→in, in→35], [35→35, 35→70], [70→70, 70→70], [140→140, 140→35], [70→70, 70→35], 1 × 1."""
    torch.manual_seed(0)
    made = build(settings(f"model={model}", "size=paper")["model"], "model")(in_channels=2, out_channels=2, size=(512, 9))
    pairs = [(2, 2), (2, 35), (35, 35), (35, 70), (70, 70), (70, 70), (140, 140), (140, 35), (70, 70), (70, 35)]
    convolutions = [module for module in made.modules() if isinstance(module, nn.Conv2d)]
    assert [(layer.in_channels, layer.out_channels) for layer in convolutions] == [*pairs, (35, 2)]
    in_operators = sum(49 * n_in * n_out + 3 * n_out for n_in, n_out in pairs)  # weights, bias, and the norm's two
    assert sum(weight.numel() for weight in made.parameters()) == in_operators + 35 * 2 + 2


@pytest.mark.parametrize("depth", range(4))
def test_any_depth(depth):
    make = build(settings("model=spectrogram_unet", *SMALL, f"model.depth={depth}")["model"], "model")
    assert make(in_channels=2, out_channels=2, size=(32, 17))(torch.randn(1, 2, 32, 17)).shape == (1, 2, 32, 17)
