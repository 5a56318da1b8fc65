"""How far an estimate's spectrogram lies from its reference's: lower is better in all of them.

Conventions as in `dap.metrics.distortion`: waveforms (..., time), in the order (estimate, reference).
"""

import torch
from torch import Tensor

from dap.losses.multi_resolution import multi_resolution_stft
from dap.metrics.distortion import validate

# n_fft, hop_length of the published log spectral distances
LSD_KULESHOV = (2048, 512)  # Kuleshov et al. (2017), and most who compare with them
LSD_EPFL = (1024, 1024)  # the EPFL project (Bilat, 2019): frames side by side

_FLOOR = 1e-14  # of the power, in units of full scale squared: silence has a logarithm too


def log_spectral_distance(estimate: Tensor, reference: Tensor, n_fft: int = 2048, hop_length: int = 512) -> float:
    """LSD: root mean square over bins of the difference of the log10 powers, averaged over frames.

    A level wrong by a factor of 10 is 2. Frames are Hann windows within the signal, not padded. Figures of different settings
    do not compare: ``*LSD_KULESHOV`` (2048 samples, 512 apart; the default) and ``*LSD_EPFL`` (1024, 1024 apart) are the two
    that are published. A bin below −140 dB of full scale, where the rounding of 16-bit files lies, counts as −140 dB: where a
    band is empty this floor decides (one noisy recording of speech: 0.96 with a floor of −100 dB, 1.43 with none).

    Raises:
        ValueError: as `validate`, and a signal shorter than one frame.

    Reference: Gray & Markel, "Distance measures for speech processing", 1976; Kuleshov et al., "Audio super-resolution
    using neural nets", 2017, Eq. 6.

    >>> reference = torch.randn(8192, generator=torch.Generator().manual_seed(0))
    >>> [round(log_spectral_distance(10 * reference, reference, *settings), 4) for settings in (LSD_KULESHOV, LSD_EPFL)]
    [2.0, 2.0]
    """
    estimate, reference = validate(estimate, reference)
    _check_length(reference, n_fft)
    window = torch.hann_window(n_fft, dtype=torch.float64, device=reference.device)

    def log_power(signal: Tensor) -> Tensor:
        frames = signal.unfold(-1, n_fft, hop_length) * window / window.sum()  # (..., n_frames, n_fft)
        power = torch.fft.rfft(frames).abs().square()
        return torch.log10(power.clamp(min=_FLOOR))

    return float((log_power(estimate) - log_power(reference)).square().mean(-1).sqrt().mean())


def multi_resolution_stft_distance(estimate: Tensor, reference: Tensor) -> float:
    """Spectral convergence plus log-magnitude distance, averaged over three resolutions.

    See `dap.losses.multi_resolution.multi_resolution_stft`.

    Raises:
        ValueError: as `validate`, and a signal shorter than the longest frame.

    Reference: Yamamoto et al., "Parallel WaveGAN", ICASSP 2020.

    >>> reference = torch.randn(8192, generator=torch.Generator().manual_seed(0))
    >>> round(multi_resolution_stft_distance(0.5 * reference, reference), 3)        # ½ and ln 2
    1.193
    """
    return float(multi_resolution_stft(*validate(estimate, reference)))


def _check_length(reference: Tensor, n_fft: int) -> None:
    if reference.shape[-1] < n_fft:
        raise ValueError(f"{reference.shape[-1]} samples are too short for frames of {n_fft}")
