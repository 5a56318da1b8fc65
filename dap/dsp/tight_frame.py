"""The Gabor frame in which the field states its convex problems: tight, so that its adjoint is its inverse."""

import torch
from torch import Tensor, nn


class TightFrame(nn.Module):
    r"""Windowed frames and their DFT, A, scaled so that A*A = I: A* is the synthesis, and A A* a projection.

    A x[m, n] = (1/√M) Σ_t w[t] x[t + n·hop] e^{−2πj m t / M}, with the phase counted from the frame's start and the window such
    that Σ_n w²[t − n·hop] = 1. Of the M bins those of negative frequency are left out: a norm over all of them counts each bin
    between the first and the last twice. Frames reach beyond both ends of the sound, where it is taken to be silent.

    Args:
        n_window: length of the window, Hann (periodic), in samples.
        hop_length: samples from one frame to the next, a divisor of it and at most half of it.
        n_fft: bins of the DFT, M, even, at least n_window: frames are filled up with zeros. None: n_window.

    Shape:
        waveform (..., time) ↔ spec (..., n_fft // 2 + 1, n_frames), complex; n_frames = ceil(time / hop) + n_window / hop − 1.

    Raises:
        ValueError: lengths out of range.

    Reference: Gröchenig, "Foundations of Time-Frequency Analysis", 2001 (the painless case); as used in Záviška, Rajmic, Ozerov
    and Rencker, "A survey and an extensive evaluation of popular audio declipping methods", IEEE JSTSP 15, 2021.

    >>> frame = TightFrame(64, 16, n_fft=128)
    >>> waveform = torch.randn(2, 1000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    >>> spec = frame.analysis(waveform)
    >>> spec.shape, bool((frame.synthesis(spec, 1000) - waveform).abs().max() < 1e-12)
    (torch.Size([2, 65, 66]), True)
    """

    window: Tensor

    def __init__(self, n_window: int, hop_length: int, n_fft: int | None = None) -> None:
        super().__init__()
        n_fft = n_window if n_fft is None else n_fft
        if not 1 <= hop_length <= n_window // 2 or n_window % hop_length:
            raise ValueError(
                f"hop_length must divide n_window = {n_window} samples and be at most half of it, got {hop_length}"
            )
        if n_fft < n_window or n_fft % 2:
            raise ValueError(f"n_fft must be even and at least n_window = {n_window}, got {n_fft}")
        self.n_window, self.hop_length, self.n_fft = n_window, hop_length, n_fft
        window = torch.hann_window(n_window, dtype=torch.float64).reshape(-1, hop_length)
        window = (window / window.square().sum(0).sqrt()).reshape(-1)
        self.register_buffer("window", window, persistent=False)

    def frames(self, waveform: Tensor) -> Tensor:
        """The windowed frames before the DFT: (..., time) → (..., n_frames, n_window)."""
        before = self.n_window - self.hop_length
        padded = nn.functional.pad(waveform, (before, before + -waveform.shape[-1] % self.hop_length))
        return padded.unfold(-1, self.n_window, self.hop_length) * self.window.to(waveform)

    def overlap_add(self, frames: Tensor, n_samples: int) -> Tensor:
        """The adjoint of `frames`, and its inverse: (..., n_frames, n_window) → (..., n_samples)."""
        frames = frames * self.window.to(frames)
        overlap, n_frames = self.n_window // self.hop_length, frames.shape[-2]
        blocks = frames.reshape(*frames.shape[:-1], overlap, self.hop_length)
        added = frames.new_zeros(*frames.shape[:-2], n_frames + overlap - 1, self.hop_length)
        for index in range(overlap):
            added[..., index : index + n_frames, :] += blocks[..., index, :]
        before = self.n_window - self.hop_length
        return added.flatten(-2)[..., before : before + n_samples]

    def analysis(self, waveform: Tensor) -> Tensor:
        """A x: (..., time) → (..., n_freq, n_frames), complex."""
        spec: Tensor = torch.fft.rfft(self.frames(waveform), self.n_fft, norm="ortho").transpose(-1, -2)
        return spec

    def synthesis(self, spec: Tensor, n_samples: int) -> Tensor:
        """A* c: (..., n_freq, n_frames), complex → (..., n_samples)."""
        frames: Tensor = torch.fft.irfft(spec.transpose(-1, -2), self.n_fft, norm="ortho")[..., : self.n_window]
        return self.overlap_add(frames, n_samples)
