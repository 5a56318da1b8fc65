"""Distances of spectra: what the ear minds, without a network that has to learn it."""

import torch
from torch import Tensor

from dap.losses.multi_resolution import multi_resolution_stft
from dap.losses.term import Term

_FLOOR = 1e-5  # of a frame's power: where a bin holds nothing, its logarithm is noise


class _Weighted(Term):
    def __init__(self, weight: float) -> None:
        super().__init__()
        if weight < 0:
            raise ValueError(f"weight must be at least 0, got {weight}")
        self.weight = weight

    @property
    def name(self) -> str:
        return "spectra"


class MultiResolutionSTFT(_Weighted):
    """λ times the distance of `dap.losses.multi_resolution`, which needs windows of at least 2048 samples.

    Args:
        weight: λ, at least 0.
    """

    def loss(self, estimate: Tensor, reference: Tensor, observation: Tensor, epoch: int) -> Tensor | None:
        """λ · distance; windows in which nothing is to be heard are left out."""
        heard = reference.abs().amax((1, 2)) > 0
        if not heard.any():
            return None
        return self.weight * multi_resolution_stft(estimate[heard], reference[heard])


class LogSpectralDistance(_Weighted):
    """λ times the log-spectral distance in frames of 1024 samples, the metric that the source reports.

    Mean over frames of the root mean square over bins of the difference of log10 powers, each power with a floor of 1e-5 added
    (full scale is 1), so that the gradient stays finite where there is silence.

    Args:
        weight: λ, at least 0.

    >>> waveform = torch.randn(1, 1, 4096, generator=torch.Generator().manual_seed(0))
    >>> distance = LogSpectralDistance(1.0).loss(10 * waveform, waveform, waveform, 0)
    >>> round(float(distance), 2)  # 20 dB
    2.0
    """

    def loss(self, estimate: Tensor, reference: Tensor, observation: Tensor, epoch: int) -> Tensor | None:
        """λ · distance."""
        difference = _log_power(estimate) - _log_power(reference)  # (items, n_freq, n_frames)
        return self.weight * (difference.square().mean(-2) + 1e-12).sqrt().mean()


def _log_power(waveform: Tensor) -> Tensor:
    n_fft = 1024
    if waveform.shape[-1] < n_fft:
        raise ValueError(f"windows of {waveform.shape[-1]} samples are too short for frames of {n_fft}")
    window = torch.hann_window(n_fft, device=waveform.device)
    spec = torch.stft(waveform.flatten(0, 1), n_fft, n_fft // 4, window=window, center=False, return_complex=True)
    return (spec.abs().square() + _FLOOR).log10()
