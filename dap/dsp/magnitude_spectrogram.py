"""The spectrogram as an image: what a network outputs is the magnitude, and the phase is the observation's."""

import torch
from torch import Tensor, nn

from dap.dsp.representation import Representation
from dap.dsp.stft import STFT


class MagnitudeSpectrogram(nn.Module):
    """|STFT| of every channel as maps of a network; back to a waveform with the phase of an observation (see `STFT`).

    The noise stays in the phase: at bins that the noise fills the phase is wrong, so the magnitude alone restores less than
    the complex spectrogram can. Good for tasks whose observation has a phase worth keeping everywhere, such as denoising.

    Args:
        n_fft: samples in a frame.
        hop_length: samples from one frame to the next.
        window: "hann" or "box".
        observed_phase: (batch, channel, n_freq, n_frames), radians, as `of` gives it.

    Shape:
        waveform (batch, channel, time) ↔ maps (batch, channel, n_freq, n_frames), at least 0

    Raises:
        ValueError: synthesis before an observation gave its phase, or of maps of another size.

    Reference: Virdi, "Deep Audio Prior", 2017 (which does not say where the phase comes from).

    >>> waveform = torch.randn(1, 2, 1000)
    >>> representation = MagnitudeSpectrogram(n_fft=62, hop_length=16).of(waveform)
    >>> maps = representation.analysis(waveform)
    >>> maps.shape
    torch.Size([1, 2, 32, 64])
    >>> bool((representation.synthesis(maps, 1000) - waveform).abs().max() < 1e-5)
    True
    """

    observed_phase: Tensor | None

    def __init__(self, n_fft: int, hop_length: int, window: str = "hann") -> None:
        super().__init__()
        self.settings = n_fft, hop_length, window
        self.stft = STFT(n_fft, hop_length, window)
        self.register_buffer("observed_phase", None)

    def of(self, observation: Tensor) -> Representation:
        """A new one, with the phase of the observation, (batch, channel, time)."""
        representation = MagnitudeSpectrogram(*self.settings).to(observation.device)
        representation.observed_phase = self.stft.analysis(observation).angle()  # (B, C, F, T)
        return representation

    def analysis(self, waveform: Tensor) -> Tensor:
        return self.stft.analysis(waveform).abs()  # (B, C, F, T)

    def synthesis(self, maps: Tensor, n_samples: int) -> Tensor:
        if self.observed_phase is None:
            raise ValueError("a magnitude has no phase: call of(observation) first, and use what it returns")
        if maps.shape[1:] != self.observed_phase.shape[1:]:
            sizes = f"{tuple(self.observed_phase.shape[1:])}, got {tuple(maps.shape[1:])}"
            raise ValueError(f"expected maps of the observation's (channel, n_freq, n_frames) = {sizes}")
        return self.stft.synthesis(torch.polar(maps, self.observed_phase), n_samples)  # (B, C, time)
