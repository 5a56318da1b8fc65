"""What operators and networks cost: time and memory, told as ratios to a 7 × 7 convolution measured in the same run."""

from collections.abc import Callable
import multiprocessing
from pathlib import Path
import statistics
import time

import torch
from torch import Tensor, nn

from dap.layers.convolution import Conv2d
from dap.layers.harmonic import HarmonicConv2d
from dap.losses import l2

OPERATORS: dict[str, Callable[..., nn.Module]] = {
    "conv2d 7 × 7": lambda n_in, n_out: Conv2d(n_in, n_out, kernel_size=7),
    "conv2d 7 × 7, dilation 3": lambda n_in, n_out: Conv2d(n_in, n_out, kernel_size=7, dilation=3),
    "harmonic, shared kernel": lambda n_in, n_out: HarmonicConv2d(n_in, n_out),
    "harmonic, a kernel an anchor": lambda n_in, n_out: HarmonicConv2d(n_in, n_out, shared=False),
}


def time_operators(channels: int, n_freq: int, n_frames: int, device: str, repeats: int = 7) -> dict[str, float]:
    """Seconds of forward + backward of each operator: the median over rounds in which they take turns."""
    x = _maps(channels, n_freq, n_frames, device)
    rounds = {name: _forward_backward(make(channels, channels).to(device), x) for name, make in OPERATORS.items()}
    return _medians(rounds, device, repeats)


def time_networks(
    networks: dict[str, Callable[[], nn.Module]],
    latent_channels: int,
    n_freq: int,
    n_frames: int,
    device: str,
    repeats: int = 5,
) -> dict[str, float]:
    """Seconds of a step of a fit (forward, L2 loss, backward, Adam) of each network, measured as the operators are."""
    latent = torch.randn(1, latent_channels, n_freq, n_frames, device=device).contiguous(memory_format=torch.channels_last)
    target = torch.randn(1, 2, n_freq, n_frames, device=device)
    rounds = {}
    for name, make in networks.items():
        network = make().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        rounds[name] = _step(network, latent, target, torch.optim.Adam(network.parameters()))
    return _medians(rounds, device, repeats)


def peak_memory(name: str, channels: int, n_freq: int, n_frames: int, device: str = "cpu") -> int:
    """Bytes that the operator's forward + backward need at their peak, besides input, weights and the gradient given.

    On a CPU this is the growth of the process's resident memory, in a process of its own (Linux).
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_memory, (name, channels, n_freq, n_frames, device))


def _peak_memory(name: str, channels: int, n_freq: int, n_frames: int, device: str) -> int:
    torch.set_num_threads(1)
    layer = OPERATORS[name](channels, channels).to(device)
    small = _maps(channels, 16, 8, device)
    _forward_backward(layer, small)()  # the libraries' own memory, once
    x = _maps(channels, n_freq, n_frames, device)
    upstream = torch.ones(1, channels, n_freq, n_frames, device=device)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        layer(x).backward(upstream)
        return torch.cuda.max_memory_allocated() - before
    Path("/proc/self/clear_refs").write_text("5")  # the peak becomes what is resident now
    before = _resident_peak()
    layer(x).backward(upstream)
    return _resident_peak() - before


def _resident_peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _maps(channels: int, n_freq: int, n_frames: int, device: str) -> Tensor:
    return torch.randn(1, channels, n_freq, n_frames, device=device, requires_grad=True)


def _forward_backward(layer: nn.Module, x: Tensor) -> Callable[[], None]:
    def run() -> None:
        x.grad = None
        layer.zero_grad(set_to_none=True)
        layer(x).square().mean().backward()

    return run


def _step(network: nn.Module, latent: Tensor, target: Tensor, optimizer: torch.optim.Optimizer) -> Callable[[], None]:
    def run() -> None:
        optimizer.zero_grad(set_to_none=True)
        l2(network(latent), target).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return run


def _medians(rounds: dict[str, Callable[[], None]], device: str, repeats: int) -> dict[str, float]:
    """Seconds a call: medians over ``repeats`` rounds, after one that warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in rounds}
    for index in range(repeats + 1):
        for name, run in rounds.items():
            _wait(device)
            begun = time.perf_counter()
            run()
            _wait(device)
            if index:
                seconds[name].append(time.perf_counter() - begun)
    return {name: statistics.median(values) for name, values in seconds.items()}


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
