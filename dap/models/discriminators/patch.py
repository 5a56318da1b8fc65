"""PatchGAN in one dimension: how real each patch of a window is."""

from torch import Tensor, nn

_TAPS = 9


class PatchDiscriminator(nn.Module):
    """A logit for each of many overlapping patches of a window, all judged alike.

    ``depth`` convolutions of 9 taps and stride 2, whose channels double up to eight times the first's, one of stride 1, and
    one to a single channel; batch normalisation (not in the first) and LeakyReLU(0.2) between them. A logit sees
    24 · 2^depth − 7 samples, for a depth of 4 less than a tenth of a window of 4096: texture counts, not what is played.

    Args:
        in_channels: of the sound; with what it is conditioned on.
        n_samples: of a window; any from 2^depth on.
        width: channels of the first layer.
        depth: number of strides.

    Shape:
        (batch, in_channels, n_samples) → (batch, ⌈n_samples / 2^depth⌉)

    Raises:
        ValueError: numbers below 1, a depth too deep for the window.

    Reference: Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017.

    >>> import torch
    >>> PatchDiscriminator(1, 256, width=2, depth=3)(torch.randn(3, 1, 256)).shape
    torch.Size([3, 32])
    """

    def __init__(self, in_channels: int, n_samples: int, width: int = 64, depth: int = 4) -> None:
        super().__init__()
        if min(in_channels, width, depth) < 1:
            raise ValueError(f"in_channels, width and depth must be at least 1, got {in_channels}, {width}, {depth}")
        if n_samples < 2**depth:
            raise ValueError(f"a depth of {depth} needs at least {2**depth} samples, got {n_samples}")
        layers: list[nn.Module] = []
        n_in = in_channels
        for block in range(depth + 1):
            channels = width * min(2**block, 8)
            layers.append(nn.Conv1d(n_in, channels, _TAPS, 2 if block < depth else 1, _TAPS // 2))
            layers += [nn.BatchNorm1d(channels)] if block else []
            layers.append(nn.LeakyReLU(0.2))
            n_in = channels
        self.layers = nn.Sequential(*layers, nn.Conv1d(n_in, 1, _TAPS, padding=_TAPS // 2))

    def forward(self, waveform: Tensor) -> Tensor:
        logits: Tensor = self.layers(waveform).flatten(1)
        return logits
