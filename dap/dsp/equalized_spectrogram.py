"""The complex spectrogram of an equalised sound: every frequency is fitted as if it were as loud as the others."""

import copy

import torch
from torch import Tensor

from dap.dsp.representation import ComplexSpectrogram, Representation

_AUDIBLE = 1e-7  # of the loudest bin's power: bins below hold nothing that an envelope could be drawn through


class EqualizedSpectrogram(ComplexSpectrogram):
    """`ComplexSpectrogram` divided by the observation's spectral envelope.

    Music falls off by 40 dB and more towards its high frequencies, and a fit to the plain spectrogram is as good as done
    before it has begun with them. Equalised, they count as much; and where the observation holds nothing, above the band of
    a low sample rate, the envelope goes on as a straight line in log frequency, so that what the network makes up there is as
    loud as sound is expected to be. With noise it would raise the noise: this is for tasks without.

    Args:
        exponent: of the envelope: 1 equalises fully, 0 not at all.
        others: see `ComplexSpectrogram`.

    Raises:
        ValueError: exponent not from 0 to 1.

    Shape:
        waveform (batch, channel, time) ↔ maps (batch, 2 · channel, n_freq, n_frames): real parts first.

    >>> waveform = torch.randn(1, 1, 4000).cumsum(-1)                            # falls by 6 dB an octave
    >>> equalized = EqualizedSpectrogram(n_fft=254, hop_length=64).of(waveform)
    >>> low, high = equalized.analysis(waveform).square().mean((0, 1, 3))[4:124].chunk(2)
    >>> bool((0.5 < low.mean() / high.mean()) & (low.mean() / high.mean() < 2))
    True
    >>> bool((equalized.synthesis(equalized.analysis(waveform), 4000) - waveform).abs().max() < 1e-3)
    True
    """

    def __init__(
        self, n_fft: int, hop_length: int, window: str = "hann", phase: str = "absolute", exponent: float = 1.0
    ) -> None:
        super().__init__(n_fft, hop_length, window, phase)
        if not 0 <= exponent <= 1:
            raise ValueError(f"exponent must be from 0 to 1, got {exponent}")
        self.exponent = exponent
        self.register_buffer("envelope", torch.ones(n_fft // 2 + 1, 1), persistent=False)

    envelope: Tensor

    def of(self, observation: Tensor) -> Representation:
        """With the envelope of the observation, (batch, channel, time); a silent one has none."""
        equalized = copy.deepcopy(self)
        power = super().analysis(observation).square().mean((0, 1, 3))  # (n_freq,)
        if power.any():
            equalized.envelope = _envelope(power).pow(self.exponent / 2)[:, None]
        return equalized

    def analysis(self, waveform: Tensor) -> Tensor:
        return super().analysis(waveform) / self.envelope

    def synthesis(self, maps: Tensor, n_samples: int) -> Tensor:
        return super().synthesis(maps * self.envelope, n_samples)


def _envelope(power: Tensor) -> Tensor:
    """Smoothed power over bins, (n_freq,); a line through the logarithms from where the observation holds nothing."""
    n_freq = power.shape[0]
    place = torch.arange(1, n_freq + 1, device=power.device, dtype=power.dtype).log()
    audible = power > _AUDIBLE * power.max()
    last = int(audible.nonzero().max())
    octave = audible & (place <= place[last]) & (place >= place[last] - 1.5)  # two octaves below
    x, y = place[octave], power[octave].log()
    slope = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum().clamp(min=1e-6)
    line = y.mean() + slope.clamp(-12, 0) * (place - x.mean())
    filled = torch.where(audible, power.clamp(min=_AUDIBLE * power.max()).log(), line)
    distance = (place[:, None] - place[None, :]).abs()
    weight = torch.exp(-0.5 * (distance / 0.15).square())  # a fifth of an octave
    return ((weight @ filled) / weight.sum(1)).exp()
