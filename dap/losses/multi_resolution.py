"""How far magnitudes lie apart at several resolutions of the STFT: as a loss and as a score."""

import torch
from torch import Tensor

RESOLUTIONS = ((512, 240, 50), (1024, 600, 120), (2048, 1200, 240))  # n_fft, win_length, hop_length: Yamamoto et al.

_FLOOR = 1e-7**0.5  # of a magnitude, a sum over the frame and not an average: that of the authors' code


def multi_resolution_stft(
    estimate: Tensor, reference: Tensor, resolutions: tuple[tuple[int, int, int], ...] = RESOLUTIONS
) -> Tensor:
    """Spectral convergence plus log-magnitude distance, averaged over resolutions; differentiable, 0 where all agrees.

    With the magnitudes S of the reference and Ŝ of the estimate, spectral convergence is ‖S − Ŝ‖ / ‖S‖ (Frobenius norms, so
    that loud bins decide), and log-magnitude distance the mean of |ln S − ln Ŝ| (every bin counts the same). Frames are
    centred on multiples of the hop, beyond the ends the signal is mirrored; magnitudes end at a floor, as in the authors' code.

    Args:
        estimate, reference: (..., time).
        resolutions: (n_fft, win_length, hop_length) of each, samples.

    Returns:
        A scalar.

    Raises:
        ValueError: signals shorter than the longest frame.

    Reference: Yamamoto et al., "Parallel WaveGAN", ICASSP 2020, Eqs. 3–6.

    >>> reference = torch.randn(8192, generator=torch.Generator().manual_seed(0))
    >>> round(float(multi_resolution_stft(0.5 * reference, reference)), 3)        # ½ and ln 2
    1.193
    """
    longest = max(n_fft for n_fft, *_ in resolutions)
    if reference.shape[-1] < longest:
        raise ValueError(f"{reference.shape[-1]} samples are too short for frames of {longest}")
    distances = []
    for settings in resolutions:
        actual, wanted = (_magnitude(signal, *settings) for signal in (estimate, reference))
        convergence = torch.linalg.matrix_norm(wanted - actual) / torch.linalg.matrix_norm(wanted)  # (items,)
        log_distance = (wanted.log() - actual.log()).abs().mean((-2, -1))
        distances.append(convergence + log_distance)
    return torch.stack(distances).mean()


def _magnitude(signal: Tensor, n_fft: int, win_length: int, hop_length: int) -> Tensor:
    """(items, n_freq, n_frames), at least the floor."""
    window = torch.hann_window(win_length, dtype=signal.dtype, device=signal.device)
    items = signal.reshape(-1, signal.shape[-1])
    spec = torch.stft(items, n_fft, hop_length, win_length, window=window, return_complex=True)
    return spec.abs().clamp(min=_FLOOR)
