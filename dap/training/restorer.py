"""A network that restores: from a damaged window to what it should have been."""

from torch import Tensor, nn

from dap.dsp.representation import Representation


class Restorer(nn.Module):
    """estimate = synthesis(network(analysis(observation))), and with ``residual`` plus the observation.

    With the residual the network learns what to add, so it starts from the observation and not from nothing.

    Args:
        network: from maps to maps of the same number and size.
        representation: between waveforms and maps.
        residual: add the observation to what the network puts out.

    Shape:
        (batch, channel, time) → (batch, channel, time)

    Reference: Kuleshov et al., "Audio Super Resolution using Neural Networks", 2017.

    >>> import torch
    >>> from dap.dsp.representation import Waveform
    >>> Restorer(nn.Identity(), Waveform(), residual=True)(torch.ones(1, 1, 3)).tolist()
    [[[2.0, 2.0, 2.0]]]
    """

    def __init__(self, network: nn.Module, representation: Representation, residual: bool = True) -> None:
        super().__init__()
        self.network, self.representation, self.residual = network, representation, residual

    def forward(self, observation: Tensor) -> Tensor:
        representation = self.representation.of(observation)
        output = self.network(representation.analysis(observation))
        estimate = representation.synthesis(output, observation.shape[-1])
        return observation + estimate if self.residual else estimate
