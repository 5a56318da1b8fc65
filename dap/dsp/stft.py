r"""The one STFT pair of dap: exact length back, box or Hann window, phase against absolute time or against the frame.

Frames are centred on multiples of the hop, with zeros before the first sample and after the last.
"""

from collections.abc import Callable
import math

import torch
from torch import Tensor, nn

WINDOWS: dict[str, Callable[[int], Tensor]] = {"hann": torch.hann_window, "box": torch.ones}
PHASES = ("absolute", "frame")


class STFT(nn.Module):
    r"""Short-time Fourier transform and its inverse.

    Args:
        n_fft: frame length in samples, even; n_fft // 2 + 1 bins.
        hop_length: samples from one frame to the next. A quarter of the frame or less keeps inverse artefacts small.
        window: "hann" (periodic) or "box", the paper's.
        phase: "absolute" is Eq. 1 of the paper, X[ω, τ] = Σ x[t] w[t − τ] e^{−jωt}: a steady tone at the centre of a bin
            does not change along time. "frame" counts t from the frame's centre: the same tone turns by ω·hop a frame.

    Shape:
        waveform (..., time) ↔ spec (..., n_fft // 2 + 1, n_frames), complex; n_frames = ceil(time / hop_length) + 1.

    Raises:
        ValueError: hop or frame out of range, a window that leaves samples uncovered, a waveform shorter than one frame.

    Reference: Zhang et al., ICLR 2020, Eq. 1.

    >>> stft = STFT(n_fft=16, hop_length=4)
    >>> waveform = torch.randn(2, 3, 101)
    >>> spec = stft.analysis(waveform)
    >>> spec.shape
    torch.Size([2, 3, 9, 27])
    >>> bool((stft.synthesis(spec, 101) - waveform).abs().max() < 1e-5)
    True
    """

    window: Tensor

    def __init__(self, n_fft: int, hop_length: int, window: str = "hann", phase: str = "absolute") -> None:
        super().__init__()
        if n_fft < 2 or n_fft % 2:
            raise ValueError(f"n_fft must be an even number of samples, at least 2, got {n_fft}")
        if not 1 <= hop_length <= n_fft:
            raise ValueError(f"hop_length must be between 1 and n_fft = {n_fft} samples, got {hop_length}")
        if window not in WINDOWS:
            raise ValueError(f"window must be one of {', '.join(WINDOWS)}, got {window!r}")
        if phase not in PHASES:
            raise ValueError(f"phase must be one of {', '.join(PHASES)}, got {phase!r}")
        self.n_fft, self.hop_length, self.phase = n_fft, hop_length, phase
        self.register_buffer("window", WINDOWS[window](n_fft), persistent=False)
        covered = torch.stack([self.window[start::hop_length].square().sum() for start in range(hop_length)])
        if covered.min() < 1e-6:
            raise ValueError(
                f"hop_length {hop_length} leaves samples that no {window} window of {n_fft} covers: use a smaller one"
            )

    def analysis(self, waveform: Tensor) -> Tensor:
        n_samples = waveform.shape[-1]
        if n_samples < self.n_fft:
            raise ValueError(f"the clip has {n_samples} samples, shorter than one STFT frame of n_fft = {self.n_fft}")
        # Half a frame of zeros on both sides, and up to a whole number of hops, so that the last sample is covered too.
        padding = self.n_fft // 2, self.n_fft // 2 + -n_samples % self.hop_length
        padded = nn.functional.pad(waveform, padding).reshape(-1, n_samples + sum(padding))
        spec = torch.stft(
            padded,
            self.n_fft,
            self.hop_length,
            window=self.window.to(waveform.dtype),
            center=False,
            return_complex=True,
        )  # (items, n_freq, n_frames), phase counted from the start of the frame
        return (spec * self._rotation(spec)).reshape(*waveform.shape[:-1], *spec.shape[-2:])

    def synthesis(self, spec: Tensor, n_samples: int) -> Tensor:
        items = (spec * self._rotation(spec).conj()).reshape(-1, *spec.shape[-2:])
        waveform = torch.istft(
            items,
            self.n_fft,
            self.hop_length,
            window=self.window.to(items.real.dtype),
            center=True,
            length=n_samples,
        )
        return waveform.reshape(*spec.shape[:-2], n_samples)

    def _rotation(self, spec: Tensor) -> Tensor:
        """Factor from the phase at the frame's start to the phase convention asked for: (n_freq, n_frames)."""
        n_freq, n_frames = spec.shape[-2:]
        bins = torch.arange(n_freq, device=spec.device)[:, None]
        frames = torch.arange(n_frames, device=spec.device)
        start = -self.n_fft // 2 + (frames * self.hop_length if self.phase == "absolute" else 0 * frames)
        turns = (bins * start % self.n_fft).double() / self.n_fft  # in whole numbers first: exact for any length
        return torch.polar(torch.ones_like(turns), -2 * math.pi * turns).to(spec.dtype)
