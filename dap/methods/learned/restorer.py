"""A network that restores: from a damaged window to what it should have been."""

import torch
from torch import Tensor, nn

from dap.dsp.representation import Representation
from dap.layers.precision import compute

_QUIETEST = 1e-4  # RMS


class Restorer(nn.Module):
    """estimate = synthesis(network(analysis(observation))), and with ``residual`` plus the observation.

    With the residual the network learns what to add, so it starts from the observation and not from nothing.

    Args:
        network: from maps to maps of the same number and size.
        representation: between waveforms and maps.
        residual: add the observation to what the network puts out.
        precision: of the network's convolutions and products (`dap.layers.precision.compute`).

    Shape:
        (batch, channel, time) → (batch, channel, time)

    Reference: Kuleshov et al., "Audio Super Resolution using Neural Networks", 2017.

    >>> from dap.dsp.representation import Waveform
    >>> Restorer(nn.Identity(), Waveform(), residual=True)(torch.ones(1, 1, 3)).tolist()
    [[[2.0, 2.0, 2.0]]]
    """

    def __init__(
        self, network: nn.Module, representation: Representation, residual: bool = True, precision: str = "float32"
    ) -> None:
        super().__init__()
        self.network, self.representation, self.residual, self.precision = network, representation, residual, precision

    def forward(self, observation: Tensor) -> Tensor:
        representation = self.representation.of(observation)
        output = compute(self.network, self.precision, representation.analysis(observation))
        estimate = representation.synthesis(output, observation.shape[-1])
        return observation + estimate if self.residual else estimate


def silence_output(network: nn.Module) -> None:
    """Set the last convolution or linear layer of a network to zero, weights and bias, so that it puts out silence at first.

    It learns from there: the layer's gradient does not depend on its weights, and with them the others' awake.

    Raises:
        ValueError: the network has no such layer.

    >>> network = nn.Sequential(nn.Conv1d(1, 2, 3), nn.Conv1d(2, 1, 3))
    >>> silence_output(network)
    >>> float(network(torch.ones(1, 1, 8)).detach().abs().max())
    0.0
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d)]
    if not layers:
        raise ValueError("the network has no convolution to begin in silence: set silent_start: false")
    with torch.no_grad():
        for weight in layers[-1].parameters(recurse=False):
            weight.zero_()


def gain_to(rms: float | None, observation: Tensor) -> Tensor:
    """What each window is multiplied with so that its RMS is ``rms``: (batch, channel, time) → (batch, 1, 1).

    Quiet windows then count as much as loud ones in training, and a network need not know every level. What is below −80 dB
    of full scale is taken to be there, so that silence stays silence; None leaves the level: 1.

    >>> gain_to(0.1, torch.tensor([[[0.5, -0.5]], [[0.0, 0.0]]])).flatten().tolist()
    [0.20000000298023224, 1000.0]
    """
    if rms is None:
        return torch.ones_like(observation[:, :1, :1])
    return rms / observation.square().mean((1, 2), keepdim=True).sqrt().clamp(min=_QUIETEST)
