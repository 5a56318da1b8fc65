"""How far an estimate's spectrogram lies from its reference's: lower is better in all of them.

Conventions as in `dap.metrics.distortion`: waveforms (..., time), in the order (estimate, reference).
"""

import torch
from torch import Tensor

from dap.metrics.distortion import validate

# n_fft, hop_length of the published log spectral distances
LSD_KULESHOV = (2048, 512)  # Kuleshov et al. (2017), and most who compare with them
LSD_EPFL = (1024, 1024)  # the EPFL project (Bilat, 2019): frames side by side

RESOLUTIONS = ((512, 240, 50), (1024, 600, 120), (2048, 1200, 240))  # n_fft, win_length, hop_length: Yamamoto et al.

_FLOOR = 1e-10  # of the power, in units of full scale squared: silence has a logarithm too
_MAGNITUDE_FLOOR = 1e-7**0.5  # of a sum over the frame, not an average: that of the authors' code


def log_spectral_distance(estimate: Tensor, reference: Tensor, n_fft: int = 2048, hop_length: int = 512) -> float:
    """LSD: root mean square over bins of the difference of the log10 powers, averaged over frames.

    A level wrong by a factor of 10 is 2. Frames are Hann windows within the signal, not padded. Figures of different settings
    do not compare: ``*LSD_KULESHOV`` (2048 samples, 512 apart; the default) and ``*LSD_EPFL`` (1024, 1024 apart) are the two
    that are published. A bin below −100 dB of full scale counts as −100 dB: this floor decides where a band is empty (noisy
    speech at 16 kHz: 0.96 with it, 1.43 without; low-passed to a quarter of the band: 1.10 and 8.4).

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
    """Spectral convergence plus log-magnitude distance, averaged over the three resolutions of `RESOLUTIONS`.

    With the magnitudes S of the reference and Ŝ of the estimate, spectral convergence is ‖S − Ŝ‖ / ‖S‖ (Frobenius norms, so
    that loud bins decide), and log-magnitude distance the mean of |ln S − ln Ŝ| (every bin counts the same). Frames are
    centred on multiples of the hop, beyond the ends the signal is mirrored; magnitudes end at a floor, as in the authors' code.

    Raises:
        ValueError: as `validate`, and a signal shorter than the longest frame.

    Reference: Yamamoto et al., "Parallel WaveGAN", ICASSP 2020.

    >>> reference = torch.randn(8192, generator=torch.Generator().manual_seed(0))
    >>> round(multi_resolution_stft_distance(0.5 * reference, reference), 3)        # ½ and ln 2
    1.193
    """
    estimate, reference = validate(estimate, reference)
    _check_length(reference, max(n_fft for n_fft, *_ in RESOLUTIONS))
    distances = []
    for n_fft, win_length, hop_length in RESOLUTIONS:
        actual, wanted = (_magnitude(signal, n_fft, win_length, hop_length) for signal in (estimate, reference))
        convergence = torch.linalg.matrix_norm(wanted - actual) / torch.linalg.matrix_norm(wanted)  # (items,)
        log_distance = (wanted.log() - actual.log()).abs().mean((-2, -1))
        distances.append(convergence + log_distance)
    return float(torch.stack(distances).mean())


def _magnitude(signal: Tensor, n_fft: int, win_length: int, hop_length: int) -> Tensor:
    """(items, n_freq, n_frames), at least the floor."""
    window = torch.hann_window(win_length, dtype=signal.dtype, device=signal.device)
    items = signal.reshape(-1, signal.shape[-1])
    spec = torch.stft(items, n_fft, hop_length, win_length, window=window, return_complex=True)
    return spec.abs().clamp(min=_MAGNITUDE_FLOOR)


def _check_length(reference: Tensor, n_fft: int) -> None:
    if reference.shape[-1] < n_fft:
        raise ValueError(f"{reference.shape[-1]} samples are too short for frames of {n_fft}")
