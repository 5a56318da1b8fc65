"""Demucs v2 without its skips: the waveform prior of Turetzky et al. (2022)."""

import math

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from dap.dsp.resample import resample
from dap.models.depth import check_depth


class BLSTM(nn.Module):
    """A bidirectional LSTM along time, and a linear map back to as many channels.

    Shape:
        (batch, channels, time) → the same

    >>> import torch
    >>> BLSTM(4, n_layers=2)(torch.randn(1, 4, 9)).shape
    torch.Size([1, 4, 9])
    """

    def __init__(self, channels: int, n_layers: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(channels, channels, n_layers, bidirectional=True)
        self.linear = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", enabled=False):  # a CPU takes longer for an LSTM in bfloat16
            exact = x.to(self.linear.weight.dtype) if x.device.type == "cpu" else x
            hidden, _ = self.lstm(exact.permute(2, 0, 1))  # (time, B, 2C)
        mapped: Tensor = self.linear(hidden)
        return mapped.permute(1, 2, 0)  # (B, C, time)


class Demucs(nn.Module):
    """Encoder of strided convolutions, bidirectional LSTM, decoder of transposed convolutions; no skips.

    An encoder level is a strided convolution, ReLU, and a 1 × 1 convolution with a gated linear unit; a decoder level a
    convolution over ``context`` steps with a gated linear unit, and the transposed convolution (the network's own upsampler,
    which is why it takes none), with ReLU but on the last. Each level has twice the channels of the one above. At first the
    weights of the convolutions have their standard deviation drawn towards ``rescale``: divided by √(std / rescale). The
    network works at twice the sample rate, with sinc resampling on both sides.

    The latent is padded with zeros to the length from which the unpadded convolutions give at least as many samples back, and
    the surplus is cut off on both sides; the authors' code cuts the clip instead.

    Args:
        in_channels: maps of the latent.
        out_channels: channels of the waveform.
        size: (n_samples,); this network takes any.
        width: channels of the first level.
        depth: number of levels. The paper tries 2 to 6; its published command for denoising has 2.
        lstm_layers: of the LSTM; 0 leaves it out. Demucs v2 has 2, the published command 4.
        glu: gated linear units; False: ReLU, as in the published command.
        kernel_size, stride: of the strided and of the transposed convolutions.
        context: steps that each decoder level's convolution reads.
        resample: work at twice the rate.
        rescale: see above.

    Shape:
        (batch, in_channels, n_samples) → (batch, out_channels, n_samples), any n_samples.

    Raises:
        ValueError: sizes below 1, a stride above the kernel's size, fewer than no LSTM layers, or rescale not above 0.

    Reference: Turetzky, Michelson, Adi, Peleg, "Deep Audio Waveform Prior", Interspeech 2022; Défossez et al., "Music Source
    Separation in the Waveform Domain", 2019, Sec. 4.

    >>> import torch
    >>> Demucs(1, 1, (1000,), width=4)(torch.rand(1, 1, 1000)).shape
    torch.Size([1, 1, 1000])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        size: tuple[int, ...],
        width: int = 64,
        depth: int = 2,
        lstm_layers: int = 4,
        glu: bool = True,
        kernel_size: int = 8,
        stride: int = 4,
        context: int = 3,
        resample: bool = True,
        rescale: float = 0.1,
    ) -> None:
        super().__init__()
        if min(in_channels, out_channels, width, depth, stride, context) < 1 or lstm_layers < 0:
            raise ValueError(
                "in_channels, out_channels, width, depth, stride and context must be at least 1 and lstm_layers at least 0, "
                f"got {in_channels}, {out_channels}, {width}, {depth}, {stride}, {context}, {lstm_layers}"
            )
        check_depth("depth", depth, stride, size)
        if kernel_size < stride:
            raise ValueError(f"kernel_size must be at least the stride of {stride}, got {kernel_size}")
        if rescale <= 0:
            raise ValueError(f"rescale must be above 0, got {rescale}")
        self.kernel_size, self.stride, self.context = kernel_size, stride, context
        self.factor = 2 if resample else 1

        def gated(n_in: int, n_out: int, n_taps: int) -> nn.Sequential:
            if glu:
                return nn.Sequential(nn.Conv1d(n_in, 2 * n_out, n_taps), nn.GLU(dim=1))
            return nn.Sequential(nn.Conv1d(n_in, n_out, n_taps), nn.ReLU(inplace=True))

        self.encoder, self.decoder = nn.Sequential(), nn.Sequential()
        for level in range(depth):
            channels = width * 2**level
            above = channels // 2 if level else in_channels
            down = nn.Conv1d(above, channels, kernel_size, stride)
            self.encoder.append(nn.Sequential(down, nn.ReLU(inplace=True), gated(channels, channels, 1)))
        self.lstm = BLSTM(channels, lstm_layers) if lstm_layers else nn.Identity()
        for level in reversed(range(depth)):
            channels = width * 2**level
            above = channels // 2 if level else out_channels
            up = nn.ConvTranspose1d(channels, above, kernel_size, stride)
            last: list[nn.Module] = [nn.ReLU(inplace=True)] if level else []
            self.decoder.append(nn.Sequential(gated(channels, channels, context), up, *last))
        for layer in self.modules():
            if isinstance(layer, nn.Conv1d | nn.ConvTranspose1d):
                scale = float(layer.weight.detach().square().mean().sqrt() / rescale) ** 0.5
                for parameter in layer.parameters():
                    parameter.data /= scale

    def valid_length(self, length: int) -> int:
        """Samples that the encoder needs for the decoder to give at least ``length`` back.

        >>> Demucs(1, 1, (16,), width=2, depth=1).valid_length(16)  # 3 steps out, so 5 before the context's convolution
        24
        """
        for _ in self.decoder:  # of each level, how many steps it must be given
            length = max(1, math.ceil((length - self.kernel_size) / self.stride) + 1) + self.context - 1
        for _ in self.encoder:
            length = (length - 1) * self.stride + self.kernel_size
        return length

    def forward(self, x: Tensor) -> Tensor:
        n_samples = x.shape[-1]
        missing = math.ceil(self.valid_length(self.factor * n_samples) / self.factor) - n_samples
        x = F.pad(x, (missing // 2, missing - missing // 2))
        x = self.decoder(self.lstm(self.encoder(resample(x, 1, self.factor))))
        x = resample(x, self.factor, 1)
        start = (x.shape[-1] - n_samples) // 2
        return x[..., start : start + n_samples]
