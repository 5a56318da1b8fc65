"""The network of deep feature losses, with weights made up here."""

from pathlib import Path
import pickle

import numpy as np
import pytest
import torch

from dap.methods.prior.dfl import DFL, ContextAggregation
from dap.methods.problem import Problem
from dap.tasks.denoise import Denoise
from dap.tasks.super_resolution import SuperResolution

TASK = Denoise(noise_std=0.1)
SMALL = {"channels": 3, "n_dilated": 4}


@pytest.fixture
def network() -> ContextAggregation:
    """Small, with all weights drawn, those of the normalisation too."""
    generator = torch.Generator().manual_seed(0)
    network = ContextAggregation(**SMALL)
    for weight in network.parameters():
        weight.data = torch.randn(weight.shape, generator=generator)
    return network.requires_grad_(False)


@pytest.fixture
def arrays(network) -> dict[str, np.ndarray]:
    """The weights of the network as the authors' checkpoint would hold them."""
    arrays = {}
    for index, layer in enumerate(network.layers):
        scope = f"se_conv_{index if index < SMALL['n_dilated'] else 'last'}"
        arrays[f"{scope}/weights"] = layer.convolution.weight.permute(2, 1, 0)[None].numpy()
        arrays[f"{scope}/w0"], arrays[f"{scope}/w1"] = layer.w0.numpy(), layer.w1.numpy()
        arrays[f"{scope}/BatchNorm/beta"] = layer.beta.numpy()
    arrays["se_fc_last/weights"] = network.last.weight.permute(2, 1, 0)[None].numpy()
    arrays["se_fc_last/biases"] = network.last.bias.numpy()
    return arrays


def saved(network: ContextAggregation, path: Path) -> str:
    torch.save(network.state_dict(), path)
    return str(path)


def enhanced_by_hand(signal: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The authors' way: every dilation-th sample is a row of its own, padded with zeros to rows of one length."""
    maps = signal[:, None]  # (time, channels)
    for index in [*range(SMALL["n_dilated"]), "last"]:
        scope, dilation = f"se_conv_{index}", 1 if index == "last" else 2**index
        padded = np.pad(maps, ((0, -len(maps) % dilation), (0, 0)))
        rows = np.pad(padded.reshape(-1, dilation, maps.shape[1]).transpose(1, 0, 2), ((0, 0), (1, 1), (0, 0)))
        kernel = arrays[f"{scope}/weights"][0]  # (3, in, out)
        u = sum(rows[:, tap : rows.shape[1] - 2 + tap] @ kernel[tap] for tap in range(3))
        normalised = (u - u.mean((0, 1))) / np.sqrt(u.var((0, 1)) + 1e-3) + arrays[f"{scope}/BatchNorm/beta"]
        u = arrays[f"{scope}/w0"] * u + arrays[f"{scope}/w1"] * normalised
        maps = np.maximum(0.2 * u, u).transpose(1, 0, 2).reshape(len(padded), -1)[: len(maps)]
    return (maps @ arrays["se_fc_last/weights"][0, 0] + arrays["se_fc_last/biases"])[:, 0]


@pytest.mark.parametrize("n_samples", [96, 101, 5])
def test_agrees_with_the_authors_arrangement(network, arrays, n_samples, generator):
    signal = torch.randn(n_samples, generator=generator)
    ours = network(signal[None, None])[0, 0].numpy()
    assert np.allclose(ours, enhanced_by_hand(signal.double().numpy(), arrays), rtol=1e-3, atol=1e-3 * np.abs(ours).max())


def test_the_papers_network():
    network = ContextAggregation()
    assert [layer.dilation for layer in network.layers] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 1]
    convolutions = 3 * 64 + 13 * 3 * 64 * 64
    assert sum(weight.numel() for weight in network.parameters()) == convolutions + 14 * (64 + 2) + 64 + 1


def test_at_16_khz_it_is_the_network(network, tmp_path, generator):
    observation = torch.randn(2, 3001, generator=generator)
    method = DFL(saved(network, tmp_path / "weights.pt"), **SMALL)
    iterate = next(method.restore(Problem(observation, TASK, 16000)))
    assert torch.allclose(iterate.estimate, network(observation[:, None])[:, 0], atol=1e-4)
    assert not iterate.estimate.requires_grad
    assert iterate.facts["n_parameters"] == sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize(("rate", "n_samples"), [(16000, 1), (22050, 3001), (44100, 7)])
def test_silence_and_any_length(rate, n_samples, network, tmp_path):
    method = DFL(saved(network, tmp_path / "weights.pt"), **SMALL)
    estimate = next(method.restore(Problem(torch.zeros(2, n_samples), TASK, rate))).estimate
    assert estimate.shape == (2, n_samples)
    assert torch.isfinite(estimate).all()


def test_other_tasks_are_refused(network, tmp_path):
    method = DFL(saved(network, tmp_path / "weights.pt"), **SMALL)
    with pytest.raises(ValueError, match="DFL restores task=denoise or quantization, and nothing of super_resolution"):
        method.restore(Problem(torch.randn(1, 2000), SuperResolution(2), 16000))


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100])
def test_other_rates_go_through_16_khz(rate, tmp_path):
    """A network that lets everything pass lets pass what 16 kHz can hold."""
    network = ContextAggregation(**SMALL).requires_grad_(False)
    for weight in network.parameters():
        weight.zero_()
    for layer in network.layers:
        layer.w0.fill_(1.0)
        layer.convolution.weight[0, 0, 1], layer.convolution.weight[1, 0, 1] = 1.0, -1.0
        if layer.convolution.in_channels > 1:  # undo the leaky ReLU before: x = (a − b) / 1.2 of its ±x
            layer.convolution.weight[:2, :2, 1] = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]) / 1.2
    network.last.weight[0, :2, 0] = torch.tensor([1.0, -1.0]) / 1.2
    time = torch.arange(4001) / rate
    tone = torch.sin(2 * torch.pi * 1000 * time)[None]
    estimate = next(DFL(saved(network, tmp_path / "weights.pt"), **SMALL).restore(Problem(tone, TASK, rate))).estimate
    inside = slice(200, -200)
    assert torch.allclose(estimate[:, inside], tone[:, inside], atol=1e-3)


def test_the_authors_names(network, arrays, tmp_path, generator):
    path = tmp_path / "weights.npz"
    np.savez(path, **arrays, **{"se_conv_0/weights/Adam": np.zeros(3), "beta1_power": np.zeros(())})
    observation = torch.randn(1, 2000, generator=generator)
    for named in (DFL(str(path), **SMALL), DFL(saved(network, tmp_path / "weights.pt"), **SMALL)):
        estimate = next(named.restore(Problem(observation, TASK, 16000))).estimate
        assert torch.allclose(estimate, network(observation[:, None])[:, 0], atol=1e-4)


def test_no_weights():
    with pytest.raises(ValueError, match="DFL needs weights, the path of a file with those of a trained network"):
        DFL().restore(Problem(torch.randn(1, 2000), TASK, 16000))


def test_files_that_are_no_weights(network, arrays, tmp_path):
    (tmp_path / "text.pt").write_text("weights")
    (tmp_path / "text.npz").write_text("weights")
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "code.pt").write_bytes(pickle.dumps(Path("x")))
    torch.save([1, 2], tmp_path / "list.pt")
    np.savez(tmp_path / "few.npz", **{name: array for name, array in arrays.items() if "w1" not in name})
    poisoned = network.state_dict() | {"last.bias": torch.tensor([torch.nan])}
    torch.save(poisoned, tmp_path / "nan.pt")
    torch.save(network.state_dict() | {"other": torch.zeros(1)}, tmp_path / "other.pt")
    for name, message in {
        "missing.pt": "no weights that torch can read: FileNotFoundError",
        "missing.npz": "no .npz of numbers that can be read",
        "text.pt": "no weights that torch can read",
        "text.npz": "no .npz of numbers that can be read",
        "empty.pt": "no weights that torch can read",
        "code.pt": "no weights that torch can read",
        "list.pt": "expected a state dict, tensors by name",
        "few.npz": "no weight layers.0.w1",
        "nan.pt": "NaN or Inf in weight last.bias",
        "other.pt": "unknown weight other",
    }.items():
        with pytest.raises(ValueError, match=message) as raised:
            DFL(str(tmp_path / name), **SMALL)
        assert str(raised.value).startswith(str(tmp_path / name))
        assert "\n" not in str(raised.value)


def test_weights_of_another_network(network, tmp_path):
    path = saved(network, tmp_path / "weights.pt")
    with pytest.raises(ValueError, match=r"weight last.weight must be of shape \[1, 5, 1\], got \[1, 3, 1\]"):
        DFL(path, channels=5, n_dilated=4)
    with pytest.raises(ValueError, match=r"unknown weight layers.4"):
        DFL(path, channels=3, n_dilated=3)


def test_wrong_settings():
    with pytest.raises(ValueError, match="channels and n_dilated must be at least 1, got 0 and 13"):
        DFL(channels=0)
