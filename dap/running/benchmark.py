"""What operators cost, told as ratios to a 7 × 7 convolution measured in the same run, and what a step of a fit costs."""

from collections.abc import Callable
from dataclasses import dataclass
import itertools
from pathlib import Path
import statistics
import time

from omegaconf import DictConfig
import torch
from torch import Tensor, nn

from dap.config.command_line import composed
from dap.layers.convolution import Conv2d
from dap.layers.harmonic import HarmonicConv2d
from dap.layers.precision import compute, map_layout
from dap.methods.observe import observe_clip
from dap.methods.problem import Problem
from dap.running.parts import Parts, build_parts, choose_device
from dap.system.own_process import call_in_own_process
from dap.system.threads import set_threads

OPERATORS: dict[str, Callable[..., nn.Module]] = {
    "conv2d 7 × 7": lambda n_in, n_out: Conv2d(n_in, n_out, kernel_size=7),
    "conv2d 7 × 7, dilation 3": lambda n_in, n_out: Conv2d(n_in, n_out, kernel_size=7, dilation=(3, 3)),
    "harmonic, shared kernel": lambda n_in, n_out: HarmonicConv2d(n_in, n_out),
    "harmonic, a kernel an anchor": lambda n_in, n_out: HarmonicConv2d(n_in, n_out, shared=False),
}


def time_operators(
    channels: int,
    n_freq: int,
    n_frames: int,
    device: str = "cpu",
    threads: int = 1,
    precision: str = "float32",
    repeats: int = 7,
) -> dict[str, float]:
    """Seconds of forward + backward of each operator: the median over rounds in which they take turns.

    Raises:
        ValueError: as dap-run's, of device, threads and precision. CrashedError: their process, one of its own, died.
    """
    return call_in_own_process(_time_operators, channels, n_freq, n_frames, device, threads, precision, repeats)


def _time_operators(
    channels: int, n_freq: int, n_frames: int, device: str, threads: int, precision: str, repeats: int
) -> dict[str, float]:
    device = choose_device(device, precision)
    set_threads(threads, several=True)
    x = _maps(channels, n_freq, n_frames, device)
    rounds = {name: _forward_backward(make(channels, channels).to(device), x) for name, make in OPERATORS.items()}
    with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
        return _medians(rounds, device, repeats)


@dataclass(frozen=True)
class FitCost:
    """What a fit costs.

    Args:
        seconds: a step, the median of those measured.
        peak_bytes: on a CPU the whole process's resident memory at its peak, libraries and all; on CUDA torch's own.
        n_parameters: weights of the network.
    """

    seconds: float
    peak_bytes: int
    n_parameters: int


def measure_fit(configs: Path, overrides: list[str], steps: int = 3) -> FitCost:
    """Run the first steps of what ``dap-run OVERRIDES`` would run, in a process of its own (Linux).

    Args:
        configs: folder of the config groups.
        overrides: as on the command line.
        steps: measured, after one that warms up.

    Raises:
        ValueError: as dap-run's. CrashedError: the process died.
    """
    return call_in_own_process(_measure_fit, configs, overrides, steps)


def _measure_fit(configs: Path, overrides: list[str], steps: int) -> FitCost:
    cfg, parts = _configured(configs, overrides)
    clip, task, observation = observe_clip(parts.data[0], parts.task, parts.settings["seed"])
    iterates = parts.method.restore(Problem(observation, task, clip.sample_rate))
    times, facts = [], {}
    for iterate in itertools.islice(iterates, steps + 2):  # the first iterate is the untouched network's
        _wait(cfg.device)
        times.append(time.perf_counter())
        facts = iterate.facts
    seconds = statistics.median(later - earlier for earlier, later in itertools.pairwise(times[1:]))
    peak = torch.cuda.max_memory_allocated() if cfg.device == "cuda" else _resident_peak()
    return FitCost(seconds, peak, facts["n_parameters"])


# A sound on which gradients are compared. On maps of 64 bins the norms of skip_unet amplify rounding beyond measure: to 1.5.
SOUND = ("data=tones", "data.n_samples=8000", "size.n_fft=254", "size.hop_length=64")
# From this distance on a gradient is wrong: in bfloat16 0.45 was seen (harmonic at paper's channels); a gradient of 0 has 1.
FAR = 0.8


@dataclass(frozen=True)
class PrecisionCost:
    """What a precision costs, at a network's random weights.

    Args:
        distance: of the gradient of all weights to that in float32, relative to its norm.
        seconds, seconds_float32: of forward + backward, the second time.
    """

    distance: float
    seconds: float
    seconds_float32: float


def compare_precision(configs: Path, overrides: list[str]) -> PrecisionCost:
    """The first gradient of what ``dap-run method=deep_prior OVERRIDES`` would fit, in its precision and in float32.

    In a process of its own, because a kernel that is wrong on this CPU may well crash.

    Raises:
        ValueError: as dap-run's. CrashedError: the process died.
    """
    return call_in_own_process(_compare_precision, configs, overrides)


def _compare_precision(configs: Path, overrides: list[str]) -> PrecisionCost:
    cfg, parts = _configured(configs, overrides)
    method = parts.method
    clip, task, observation = observe_clip(parts.data[0], parts.task, parts.settings["seed"])
    problem = Problem(observation, task, clip.sample_rate)
    gradients, seconds = {}, {}
    for precision in ("float32", cfg.precision):
        choose_device(cfg.device, precision)  # tf32 is set for the whole process
        first = method.first_step(problem)
        network, x, target = first.network, first.latent, first.target
        if x.ndim == 4:
            layout = map_layout(x.device, precision == "bfloat16")
            network, x = network.to(memory_format=layout), x.contiguous(memory_format=layout)  # type: ignore[call-overload]
        for _ in range(2):  # the first one warms up
            network.zero_grad(set_to_none=True)
            _wait(cfg.device)
            begun = time.perf_counter()
            loss = (compute(network, precision, x) - target).square().mean()
            loss.backward()  # type: ignore[no-untyped-call]
            _wait(cfg.device)
            seconds[precision] = time.perf_counter() - begun
        gradients[precision] = torch.cat([weight.grad.flatten() for weight in network.parameters() if weight.grad is not None])
    exact, coarse = gradients["float32"], gradients[cfg.precision]
    return PrecisionCost(float((coarse - exact).norm() / exact.norm()), seconds[cfg.precision], seconds["float32"])


def _configured(configs: Path, overrides: list[str]) -> tuple[DictConfig, Parts]:
    """What ``dap-run OVERRIDES`` would run, and torch set up for it."""
    cfg, choices = composed(overrides, configs)
    cfg.device = choose_device(cfg.device, cfg.precision)
    parts = build_parts(cfg, choices, overrides)
    set_threads(cfg.threads, parts.method.threaded)
    return cfg, parts


def peak_memory(name: str, channels: int, n_freq: int, n_frames: int, device: str = "cpu") -> int:
    """Bytes that the operator's forward + backward need at their peak, besides input, weights and the gradient given.

    On a CPU this is the growth of the process's resident memory, in a process of its own (Linux).

    Raises:
        CrashedError: the process died.
    """
    return call_in_own_process(_peak_memory, name, channels, n_freq, n_frames, device)


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
