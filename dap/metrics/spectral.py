"""How far an estimate's spectrogram lies from its reference's: lower is better in all of them.

Conventions as in `dap.metrics.distortion`: waveforms (..., time), in the order (estimate, reference).
"""

import torch
from torch import Tensor

from dap.metrics.distortion import validate

_FLOOR = 1e-10  # of the power, in units of full scale squared: silence has a logarithm too


def log_spectral_distance(estimate: Tensor, reference: Tensor, n_fft: int = 2048, hop_length: int = 512) -> float:
    """LSD: root mean square over bins of the difference of the log10 powers, averaged over frames.

    A level wrong by a factor of 10 is 2. Frames are Hann windows within the signal, not padded. The settings are part of the
    name: Kuleshov et al. (2017), and most who compare with them, take n_fft 2048; the EPFL/Bilat project frames of 1024
    (``n_fft=1024, hop_length=1024``).

    Raises:
        ValueError: as `validate`, and a signal shorter than one frame.

    Reference: Gray & Markel, "Distance measures for speech processing", 1976; Kuleshov et al., "Audio super-resolution
    using neural nets", 2017, Eq. 6.

    >>> reference = torch.randn(8192, generator=torch.Generator().manual_seed(0))
    >>> round(log_spectral_distance(10 * reference, reference), 4)
    2.0
    """
    estimate, reference = validate(estimate, reference)
    if reference.shape[-1] < n_fft:
        raise ValueError(f"{reference.shape[-1]} samples are too short for frames of {n_fft}")
    window = torch.hann_window(n_fft, dtype=torch.float64, device=reference.device)

    def log_power(signal: Tensor) -> Tensor:
        frames = signal.unfold(-1, n_fft, hop_length) * window / window.sum()  # (..., n_frames, n_fft)
        power = torch.fft.rfft(frames).abs().square()
        return torch.log10(power.clamp(min=_FLOOR))

    return float((log_power(estimate) - log_power(reference)).square().mean(-1).sqrt().mean())
