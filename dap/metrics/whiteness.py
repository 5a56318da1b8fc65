"""A score without a reference: how white what was left over is. Higher is better, where the noise is white."""

import torch
from torch import Tensor

_N_FFT = 256  # samples: fine enough for the colour of a residual, and many frames to average in a second of sound


def spectral_flatness(waveform: Tensor, n_fft: int = _N_FFT) -> float:
    """Geometric over arithmetic mean of the averaged periodogram's bins, in [0, 1]: 1 for white noise, 0 for a tone.

    exp(mean ln P) / mean P, where P is Welch's estimate: Hann frames, half overlapping, the mean of their powers. Both ends of
    the spectrum are left out, where an offset lives, and where a bin is real and varies more. Channels are averaged.

    Of ``observation − observe(restored)`` it is a blind objective: what is left over is the noise alone if neither sound is in
    it (too few steps) nor noise is missing from it (too many). It knows nothing of the level, and says nothing where the noise
    is not white. An average of n frames of white noise is flat to about exp(−1 / 2n) only, so clips of different lengths do not
    compare.

    Args:
        waveform: (..., time).
        n_fft: samples in a frame.

    Raises:
        ValueError: fewer samples than a frame, NaN or Inf, or a silent channel.

    Reference: Gray & Markel, "A spectral-flatness measure for studying the autocorrelation method of linear prediction of
    speech analysis", IEEE TASSP 22(3), 1974; as an objective, Almeida & Figueiredo, "Parameter estimation for blind and
    non-blind deblurring using residual whiteness measures", IEEE TIP 22(7), 2013.

    >>> generator = torch.Generator().manual_seed(0)
    >>> noise = torch.randn(1, 16000, generator=generator)
    >>> tone = torch.sin(0.3 * torch.arange(16000.0))
    >>> spectral_flatness(noise) > 0.98, spectral_flatness(tone) < 1e-6
    (True, True)
    """
    if waveform.shape[-1] < n_fft:
        raise ValueError(f"{waveform.shape[-1]} samples are too short for frames of {n_fft}")
    if not torch.isfinite(waveform).all():
        raise ValueError("NaN or Inf in the signal to score")
    signal = waveform.double()
    window = torch.hann_window(n_fft, dtype=torch.float64, device=signal.device)
    frames = signal.unfold(-1, n_fft, n_fft // 2) * window  # (..., n_frames, n_fft)
    power = torch.fft.rfft(frames).abs().square().mean(-2)[..., 1:-1]  # (..., n_fft // 2 − 1)
    if not power.any(-1).all():
        raise ValueError("silence has no spectrum to be flat")
    return float((power.log().mean(-1).exp() / power.mean(-1)).mean())
