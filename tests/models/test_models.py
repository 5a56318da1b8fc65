"""What every network must satisfy, on every option of configs/model/."""

import pytest
import torch

from dap.schema import build
from tests.options import options, settings


def network(model: str, size: str = "quick", **channels: int) -> torch.nn.Module:
    torch.manual_seed(0)
    return build(settings(f"model={model}", f"size={size}", "size.width=4")["model"], "model")(**channels)


@pytest.fixture(params=options("model"))
def model(request) -> str:
    return request.param


@pytest.mark.parametrize("size", [(512, 9), (33, 21), (7, 1), (64, 128)])
def test_any_size_in_the_same_size_out(model, size):
    assert network(model, in_channels=3, out_channels=2)(torch.randn(1, 3, *size)).shape == (1, 2, *size)


def test_gradient_reaches_every_parameter(model):
    made = network(model, in_channels=3, out_channels=2)
    made(torch.randn(1, 3, 64, 21)).square().mean().backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in made.parameters())


def test_same_seed_same_output(model):
    latent = torch.randn(1, 3, 33, 21)
    first, second = (network(model, in_channels=3, out_channels=2)(latent) for _ in range(2))
    assert torch.equal(first, second)


def test_it_can_overfit(model):
    """A few dozen steps bring the loss of a small target down: the network is connected the right way round."""
    made = network(model, in_channels=3, out_channels=2)
    latent, target = torch.randn(1, 3, 32, 16), torch.randn(1, 2, 32, 16)
    optimizer = torch.optim.Adam(made.parameters(), 0.01)
    losses = []
    for _ in range(150):
        loss = (made(latent) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("model", ["spectrogram_unet", "dilated_unet"])
def test_the_papers_widths(model):
    """Appendix A: [in→in, in→35], [35→35, 35→70], [70→70, 70→70], [140→140, 140→35], [70→70, 70→35], 1 × 1."""
    torch.manual_seed(0)
    made = build(settings(f"model={model}", "size=paper")["model"], "model")(in_channels=2, out_channels=2)
    pairs = [(2, 2), (2, 35), (35, 35), (35, 70), (70, 70), (70, 70), (140, 140), (140, 35), (70, 70), (70, 35)]
    convolutions = [module for module in made.modules() if isinstance(module, torch.nn.Conv2d)]
    assert [(layer.in_channels, layer.out_channels) for layer in convolutions] == [*pairs, (35, 2)]
    in_operators = sum(49 * n_in * n_out + 3 * n_out for n_in, n_out in pairs)  # weights, bias, and the norm's two
    assert sum(weight.numel() for weight in made.parameters()) == in_operators + 35 * 2 + 2


def test_depth_zero_to_three():
    for depth in range(4):
        made = build(settings("model=spectrogram_unet", "size.width=4", f"model.depth={depth}")["model"], "model")
        assert made(in_channels=2, out_channels=2)(torch.randn(1, 2, 32, 17)).shape == (1, 2, 32, 17)
