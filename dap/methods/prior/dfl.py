"""Deep Feature Losses: the denoising network of Germain, Chen and Koltun, with weights that the user has."""

from pathlib import Path
import zipfile

import numpy as np
import torch
from torch import Tensor, nn
import torch.nn.functional as F

from dap.dsp.resample import resample
from dap.layers.seeded import count_weights
from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.task import NOISY

RATE = 16000  # Hz, that the network was trained at
_EPS = 1e-3  # of the normalisation: slim's default


class ContextLayer(nn.Module):
    """Leaky ReLU (0.2) of n(x ∗ kernel), three taps ``dilation`` apart, n(u) = a · u + b · (normalised u + shift).

    Normalised is each map over the time of the clip at hand, in training and after: the authors' batches hold one clip, and
    they keep no running mean. Their dilated convolutions work on the clip padded to a multiple of the dilation, and the
    statistics take the padding in; so do these.

    Shape:
        (batch, in_channels, time) → (batch, out_channels, time)
    """

    def __init__(self, in_channels: int, out_channels: int, dilation: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(in_channels, out_channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.w0, self.w1 = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor(0.0))  # a and b
        self.beta = nn.Parameter(torch.zeros(out_channels))  # shift
        self.dilation = dilation

    def forward(self, x: Tensor) -> Tensor:
        n_samples = x.shape[-1]
        u = self.convolution(F.pad(x, (0, -n_samples % self.dilation)))
        variance, mean = torch.var_mean(u, dim=-1, keepdim=True, correction=0)
        normalised = (u - mean) * torch.rsqrt(variance + _EPS) + self.beta[:, None]
        return F.leaky_relu(self.w0 * u + self.w1 * normalised, 0.2)[..., :n_samples]


class ContextAggregation(nn.Module):
    """Layers with dilations 1, 2, 4 … 2^(n_dilated − 1) and 1, then a 1 × 1 convolution to the waveform.

    Shape:
        (batch, 1, time) → (batch, 1, time)

    >>> network = ContextAggregation(channels=2, n_dilated=3)
    >>> network(torch.zeros(1, 1, 50)).shape
    torch.Size([1, 1, 50])
    """

    def __init__(self, channels: int = 64, n_dilated: int = 13) -> None:
        super().__init__()
        dilations = [2**index for index in range(n_dilated)] + [1]
        widths = [1] + [channels] * n_dilated
        self.layers = nn.ModuleList(
            ContextLayer(width, channels, dilation) for width, dilation in zip(widths, dilations, strict=True)
        )
        self.last = nn.Conv1d(channels, 1, 1)

    def forward(self, waveform: Tensor) -> Tensor:
        x = waveform
        for layer in self.layers:
            x = layer(x)
        last: Tensor = self.last(x)
        return last


class DFL(OneShot):
    """The network's output for the observation at 16 kHz, each channel by itself; above 8 kHz nothing is left.

    Nothing is downloaded: ``weights`` is a file of the user's, either a state dict of `ContextAggregation` written by
    torch.save, or an .npz of the arrays of the authors' TensorFlow checkpoint under their names there:

        reader = tensorflow.train.load_checkpoint("se_model.ckpt")
        numpy.savez("dfl.npz", **{name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()})

    The names, read from the authors' program (their checkpoint itself was not at hand): se_conv_0 … se_conv_12 and
    se_conv_last, each with /weights (1, 3, in, out), /w0 and /w1 (scalars), /BatchNorm/beta (out); and se_fc_last with
    /weights (1, 1, in, 1) and /biases (1). Others are left aside. They trained on speech of full scale 1 at its natural
    level; the network is not indifferent to the level.

    Args:
        weights: the file. None builds, and says so when it comes to restore.
        channels, n_dilated: of `ContextAggregation`; the authors' 64 and 13.

    Raises:
        ValueError: settings out of range, weights that cannot be read or are of another network; from `restore`, no weights.

    Reference: Germain, Chen & Koltun, "Speech Denoising with Deep Feature Losses", 2018; the authors' model.py, helper.py.
    """

    tasks, threaded = NOISY, True

    def __init__(self, weights: str | None = None, channels: int = 64, n_dilated: int = 13) -> None:
        super().__init__()
        if channels < 1 or n_dilated < 1:
            raise ValueError(f"channels and n_dilated must be at least 1, got {channels} and {n_dilated}")
        self.network = None if weights is None else ContextAggregation(channels, n_dilated).eval()
        if self.network is not None and weights is not None:
            load_weights(self.network, Path(weights).expanduser())

    @torch.no_grad()
    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The estimate, (channel, time), and the facts."""
        observation, sample_rate = problem.observation, problem.sample_rate
        if self.network is None:
            raise ValueError("DFL needs weights, the path of a file with those of a trained network")
        network = self.network.to(observation.device, observation.dtype)
        estimates = [network(channel[None, None])[0, 0] for channel in resample(observation, sample_rate, RATE)]
        estimate = resample(torch.stack(estimates), RATE, sample_rate)[..., : observation.shape[-1]]
        return estimate, {"n_parameters": count_weights(self.network)}


def load_weights(network: ContextAggregation, path: Path) -> None:
    """Fill the network with the weights of a file (see `DFL`).

    Raises:
        ValueError: one line: no such file, not to be read, or which weight is missing, unknown or of another shape.
    """
    state = _read_arrays(path) if path.suffix == ".npz" else _read_state(path)
    wanted = network.state_dict()
    for name in sorted(wanted.keys() | state.keys()):
        if name not in state or name not in wanted:
            raise ValueError(f"{path}: {'no weight' if name not in state else 'unknown weight'} {name}")
        if state[name].shape != wanted[name].shape:
            shapes = f"{list(wanted[name].shape)}, got {list(state[name].shape)}"
            raise ValueError(f"{path}: weight {name} must be of shape {shapes}")
        if not torch.isfinite(state[name]).all():
            raise ValueError(f"{path}: NaN or Inf in weight {name}")
    network.load_state_dict(state)


def _read_state(path: Path) -> dict[str, Tensor]:
    """A state dict, tensors alone."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # it raises whatever the file makes it stumble over
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(f"{path}: no weights that torch can read: {reason}") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{path}: expected a state dict, tensors by name")
    return state


def _read_arrays(path: Path) -> dict[str, Tensor]:
    """The arrays of the authors' checkpoint, as a state dict of `ContextAggregation`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name.removesuffix(":0"): torch.from_numpy(np.asarray(file[name], np.float32)) for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: no .npz of numbers that can be read: {error}") from error
    scopes = sorted({name.split("/")[0] for name in arrays if name.startswith("se_conv_")}, key=_layer_order)
    names = {"se_fc_last/weights": "last.weight", "se_fc_last/biases": "last.bias"}
    for index, scope in enumerate(scopes):
        names[f"{scope}/weights"] = f"layers.{index}.convolution.weight"
        names |= {
            f"{scope}/{old}": f"layers.{index}.{new}" for old, new in (("w0", "w0"), ("w1", "w1"), ("BatchNorm/beta", "beta"))
        }
    state = {names[name]: array for name, array in arrays.items() if name in names}
    for name, array in state.items():
        if array.ndim == 4:  # (1, taps, in, out) → (out, in, taps)
            state[name] = array[0].permute(2, 1, 0)
    return state


def _layer_order(scope: str) -> float:
    """se_conv_0, se_conv_1 … se_conv_12, se_conv_last."""
    number = scope.removeprefix("se_conv_")
    return int(number) if number.isdigit() else float("inf")
