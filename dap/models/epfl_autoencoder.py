"""The 1-D U-Net and autoencoder of Bilat's audio enhancement project (EPFL, 2019)."""

import torch
from torch import Tensor, nn

from dap.layers.dropout import Dropout
from dap.layers.upsample.upsampler import Upsampler


class EPFLAutoencoder(nn.Module):
    """Strided convolutions down to a bottleneck, and sub-pixel convolutions up again, with or without skips.

    Block b = 1 … depth has C_b = width · min(2^(b − 1), 4) channels and K_b = max(2^(7 − b) + 1, 9) taps: with a width of
    128 the source's 128, 256, 512, 512 … and 65, 33, 17, 9, 9 …. Down: convolution with stride 2, LeakyReLU(0.2).
    Bottleneck: the same once more with the last block's sizes, and dropout before the LeakyReLU. Up, from the last block to
    the first: convolution to 2 · C_b channels, dropout, LeakyReLU(0.2), interleaving of pairs of channels (sub-pixel), which
    leaves C_b channels of twice the length, and concatenation with what the block passed on on its way down. At the end a
    convolution of 9 taps to two channels a channel of sound, interleaved.

    Without skips each convolution on the way up puts out 4 · C_b channels, so that the next one has as many inputs as it
    had with them: the source's autoencoder.

    The source's page and code differ in two places. The taps are the code's (the page has 63 for 65), the LeakyReLU on the
    way up is the page's (the code has ReLU). Its windows are powers of two; here odd lengths are rounded up on the way down
    and cut on the way up.

    Args:
        in_channels: channels of the latent.
        out_channels: of the sound.
        size: (n_samples,), at least 2^(depth + 1): every stride has two samples to choose from.
        upsampler: makes what doubles the length, from (channels, factor), in place of interleaving; the convolution before it
            then has half as many outputs. None: the source's interleaving, which is a part of its convolution (so are the
            dropout and LeakyReLU between them) and therefore no upsampler of its own. The last layer always interleaves.
        width: channels of the first block.
        depth: number of blocks down, besides the bottleneck.
        skips: concatenate on the way up.
        add_input: add the network's input to its output: for an input that is a sound; as a prior it is random.
        dropout: probability of a zero. The source has 0.5. In a prior every iterate is the output of another random part of
            the network, and where they differ is heard as noise, less so in a running mean of the outputs. The masks follow
            from the seed of the weights (see `Dropout`).

    Shape:
        (batch, in_channels, n_samples) → (batch, out_channels, n_samples)

    Raises:
        ValueError: numbers below 1, a depth too deep for the length, add_input where input and output differ in channels.

    Reference: Bilat, "Denoising with Generative Models", semester project, EPFL, 2019, after Kuleshov et al., "Audio Super
    Resolution using Neural Networks", 2017.

    >>> EPFLAutoencoder(2, 1, (1001,), width=4)(torch.randn(1, 2, 1001)).shape
    torch.Size([1, 1, 1001])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, ...],
        upsampler: Upsampler | None = None,
        width: int = 128,
        depth: int = 4,
        skips: bool = True,
        add_input: bool = False,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if min(in_channels, out_channels, width, depth) < 1:
            raise ValueError(
                "in_channels, out_channels, width and depth must be at least 1, "
                f"got {in_channels}, {out_channels}, {width}, {depth}"
            )
        if size[0] < 2 ** (depth + 1):
            raise ValueError(
                f"a depth of {depth} needs at least {2 ** (depth + 1)} samples, got {size[0]}: the deepest is log2(samples) − 1"
            )
        if add_input and in_channels != out_channels:
            raise ValueError(
                f"add_input needs an input of as many channels as the output has, got {in_channels} and {out_channels}"
            )
        self.skips, self.add_input = skips, add_input
        blocks = sizes_of_blocks(width, depth)
        self.down = nn.ModuleList()
        n_in = in_channels
        for channels, taps in blocks:
            self.down.append(nn.Sequential(convolution(n_in, channels, taps, stride=2), nn.LeakyReLU(0.2)))
            n_in = channels
        bottom = convolution(n_in, n_in, blocks[-1][1], stride=2)
        self.bottleneck = nn.Sequential(bottom, Dropout(dropout), nn.LeakyReLU(0.2))
        self.up = nn.ModuleList()
        for channels, taps in reversed(blocks):
            n_out = channels if skips else 2 * channels
            self.up.append(
                nn.Sequential(
                    convolution(n_in, n_out if upsampler else 2 * n_out, taps),
                    Dropout(dropout),
                    nn.LeakyReLU(0.2),
                    upsampler(n_out, (2,)) if upsampler else Interleave(),
                )
            )
            n_in = 2 * channels
        self.output = nn.Sequential(convolution(n_in, 2 * out_channels, 9), Interleave())

    def encode(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """What is left of the input at the bottleneck, and what each block passes on on the way down."""
        passed = []
        for down in self.down:
            x = down(x)  # (B, C_b, ⌈T / 2⌉)
            passed.append(x)
        return self.bottleneck(x), passed

    def forward(self, latent: Tensor) -> Tensor:
        x, passed = self.encode(latent)
        for up, skip in zip(self.up, reversed(passed), strict=True):
            x = up(x)[..., : skip.shape[-1]]
            if self.skips:
                x = torch.cat([x, skip], dim=1)  # (B, 2 · C_b, T)
        output: Tensor = self.output(x)[..., : latent.shape[-1]]
        return output + latent if self.add_input else output


class Interleave(nn.Module):
    """The samples of channels 2c and 2c + 1 in turn are those of channel c: (B, 2C, T) → (B, C, 2T).

    Reference: Shi et al., "Real-Time Single Image and Video Super-Resolution …", CVPR 2016, in one dimension.

    >>> Interleave()(torch.tensor([[[1.0, 3.0], [2.0, 4.0]]])).tolist()
    [[[1.0, 2.0, 3.0, 4.0]]]
    """

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x[:, 0::2], x[:, 1::2]], dim=-1).flatten(2)  # (B, C, T, 2) → (B, C, 2T)


def sizes_of_blocks(width: int, depth: int) -> list[tuple[int, int]]:
    """Channels and taps of each block on the way down.

    >>> sizes_of_blocks(128, 5)
    [(128, 65), (256, 33), (512, 17), (512, 9), (512, 9)]
    """
    return [(width * min(2**b, 4), max(2 ** (6 - b) + 1, 9)) for b in range(depth)]


def convolution(n_in: int, n_out: int, taps: int, stride: int = 1) -> nn.Conv1d:
    """A convolution that keeps the length, or rounds a half of it up.

    >>> convolution(1, 2, 9, stride=2)(torch.zeros(1, 1, 7)).shape
    torch.Size([1, 2, 4])
    """
    return nn.Conv1d(n_in, n_out, taps, stride, padding=taps // 2)
