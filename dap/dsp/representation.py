"""What a network outputs, as real maps: the samples of each channel, or its complex spectrogram."""

from typing import Protocol

import torch
from torch import Tensor, nn

from dap.dsp.stft import STFT


class Representation(Protocol):
    """A pair of maps, between waveforms (batch, channel, time) and what a network puts out."""

    def analysis(self, waveform: Tensor) -> Tensor:
        """(batch, channel, time) → (batch, maps, ...)."""

    def synthesis(self, maps: Tensor, n_samples: int) -> Tensor:
        """(batch, maps, ...) → (batch, channel, n_samples)."""

    def to(self, device: torch.device | str) -> "Representation":
        """Itself, on the device."""

    def of(self, observation: Tensor) -> "Representation":
        """Itself, or one that takes something from the observation, (batch, channel, time), such as its phase."""


class Waveform(nn.Module):
    """The samples themselves.

    Shape:
        waveform (batch, channel, time) ↔ maps (batch, channel, time)

    >>> waveform = torch.randn(1, 2, 1000)
    >>> bool((Waveform().synthesis(Waveform().analysis(waveform), 1000) == waveform).all())
    True
    """

    def analysis(self, waveform: Tensor) -> Tensor:
        return waveform

    def synthesis(self, maps: Tensor, n_samples: int) -> Tensor:
        return maps[..., :n_samples]

    def of(self, observation: Tensor) -> Representation:
        return self


class ComplexSpectrogram(nn.Module):
    """[Re, Im] of every channel's STFT as maps of a network (see `STFT` for the settings).

    Shape:
        waveform (batch, channel, time) ↔ maps (batch, 2 · channel, n_freq, n_frames): real parts first.

    >>> representation = ComplexSpectrogram(n_fft=62, hop_length=16)
    >>> maps = representation.analysis(torch.randn(1, 2, 1000))
    >>> maps.shape
    torch.Size([1, 4, 32, 64])
    >>> representation.synthesis(maps, 1000).shape
    torch.Size([1, 2, 1000])
    """

    def __init__(self, n_fft: int, hop_length: int, window: str = "hann", phase: str = "absolute") -> None:
        super().__init__()
        self.stft = STFT(n_fft, hop_length, window, phase)

    def of(self, observation: Tensor) -> Representation:
        return self

    def analysis(self, waveform: Tensor) -> Tensor:
        spec = self.stft.analysis(waveform)  # (B, C, F, T), complex
        return torch.cat([spec.real, spec.imag], dim=1)  # (B, 2C, F, T)

    def synthesis(self, maps: Tensor, n_samples: int) -> Tensor:
        real, imaginary = maps.chunk(2, dim=1)
        return self.stft.synthesis(torch.complex(real, imaginary), n_samples)  # (B, C, time)
