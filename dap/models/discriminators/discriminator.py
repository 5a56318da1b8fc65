"""The EPFL project's discriminator: the first half of its U-Net, and one number at the end."""

import torch
from torch import Tensor, nn

from dap.models.epfl_autoencoder import convolution, sizes_of_blocks


class Discriminator(nn.Module):
    """How real a window of sound is, as one logit: the sigmoid of it is the probability.

    The blocks of `EPFLAutoencoder` on its way down, with batch normalisation between convolution and LeakyReLU(0.2), the
    bottleneck's among them, and a linear layer of all that is left. The source puts a sigmoid behind it; its cross-entropy is
    computed from the logit, which does not saturate.

    Args:
        in_channels: of the sound; with what it is conditioned on.
        n_samples: of a window, at least 2^(depth + 1).
        width: channels of the first block; the source's: 128.
        depth: number of blocks, besides the bottleneck.

    Shape:
        (batch, in_channels, n_samples) → (batch, 1)

    Raises:
        ValueError: numbers below 1, a depth too deep for the window.

    Reference: Bilat, "Denoising with Generative Models", semester project, EPFL, 2019.

    >>> Discriminator(1, 256, width=2)(torch.randn(3, 1, 256)).shape
    torch.Size([3, 1])
    """

    def __init__(self, in_channels: int, n_samples: int, width: int = 128, depth: int = 4) -> None:
        super().__init__()
        if min(in_channels, width, depth) < 1:
            raise ValueError(f"in_channels, width and depth must be at least 1, got {in_channels}, {width}, {depth}")
        if n_samples < 2 ** (depth + 1):
            raise ValueError(f"a depth of {depth} needs at least {2 ** (depth + 1)} samples, got {n_samples}")
        sizes = sizes_of_blocks(width, depth)
        layers: list[nn.Module] = []
        n_in = in_channels
        for channels, taps in [*sizes, sizes[-1]]:
            layers += [convolution(n_in, channels, taps, stride=2), nn.BatchNorm1d(channels), nn.LeakyReLU(0.2)]
            n_in, n_samples = channels, -(-n_samples // 2)
        self.encoder = nn.Sequential(*layers)
        self.output = nn.Linear(n_in * n_samples, 1)

    def forward(self, waveform: Tensor) -> Tensor:
        logit: Tensor = self.output(torch.flatten(self.encoder(waveform), 1))
        return logit
