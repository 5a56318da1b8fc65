"""A stable discriminator: several of them, each at half the rate of the one before, with spectral normalisation."""

import torch
from torch import Tensor, nn
import torch.nn.functional as F
from torch.nn.utils.parametrizations import spectral_norm


class MultiScaleDiscriminator(nn.Module):
    """Scores for patches of a window at several rates: above 0 for real, for the hinge loss.

    At each scale a convolution of 15 taps, ``depth`` of 21 taps and stride 4 whose channels double up to eight times the
    first's, and one of 3 taps to a single channel; LeakyReLU(0.2) between them. Every weight is divided by its largest
    singular value, so that the scores cannot change faster than the sound, and there is no normalisation over a batch. The
    scales differ by an average of two samples each. Every patch counts the same.

    Args:
        in_channels: of the sound; with what it is conditioned on.
        n_samples: of a window; at least 2^(n_scales − 1).
        width: channels of the first layer.
        depth: number of strides by four.
        n_scales: number of discriminators.

    Shape:
        (batch, in_channels, n_samples) → (batch, patches of all scales)

    Raises:
        ValueError: numbers below 1, a window too short for the scales.

    Reference: Kumar et al., "MelGAN", NeurIPS 2019 (the scales and the hinge loss); Miyato et al., "Spectral Normalization for
    Generative Adversarial Networks", ICLR 2018.

    >>> MultiScaleDiscriminator(1, 256, width=2, depth=2)(torch.randn(3, 1, 256)).shape
    torch.Size([3, 28])
    """

    def __init__(self, in_channels: int, n_samples: int, width: int = 16, depth: int = 3, n_scales: int = 3) -> None:
        super().__init__()
        if min(in_channels, width, depth, n_scales) < 1:
            raise ValueError(
                f"in_channels, width, depth and n_scales must be at least 1, got {in_channels}, {width}, {depth}, {n_scales}"
            )
        if n_samples < 2 ** (n_scales - 1):
            raise ValueError(f"{n_scales} scales need at least {2 ** (n_scales - 1)} samples, got {n_samples}")
        self.scales = nn.ModuleList(_one_scale(in_channels, width, depth) for _ in range(n_scales))

    def forward(self, waveform: Tensor) -> Tensor:
        scores = []
        for scale in self.scales:
            scores.append(scale(waveform).flatten(1))
            waveform = F.avg_pool1d(waveform, 2, ceil_mode=True)
        return torch.cat(scores, dim=1)


def _one_scale(n_in: int, width: int, depth: int) -> nn.Sequential:
    layers: list[nn.Module] = [spectral_norm(nn.Conv1d(n_in, width, 15, padding=7)), nn.LeakyReLU(0.2)]
    channels = width
    for block in range(depth):
        wider = width * min(2 ** (block + 1), 8)
        layers += [spectral_norm(nn.Conv1d(channels, wider, 21, 4, 10)), nn.LeakyReLU(0.2)]
        channels = wider
    return nn.Sequential(*layers, spectral_norm(nn.Conv1d(channels, 1, 3, padding=1)))
