"""How loud the noise in a recording is."""

import math

from torch import Tensor

from dap.dsp.stft import STFT

_QUANTILE = 0.25


def estimate_noise_std(waveform: Tensor) -> float:
    """Standard deviation of white noise in a recording, from what its spectrogram holds where the sound is not.

    In each bin of a Hann STFT the noise's power is exponentially distributed over time; the lower quartile is mostly
    noise as long as the sound leaves the bin for a quarter of the time, and the lower quartile over bins passes over
    those that it never leaves. With σ = 0.1 in clips of peak 1 the error is below 0.4 dB (speech and solo music), in
    pure noise it is half a dB low. Coloured noise is underestimated.

    Args:
        waveform: (channel, time).

    Returns:
        σ, in the waveform's units.

    >>> import torch
    >>> noise = torch.randn(1, 32000, generator=torch.Generator().manual_seed(0))
    >>> abs(estimate_noise_std(noise) - 1) < 0.07
    True
    """
    n_fft = min(1024, max(2, waveform.shape[-1] // 8 * 2))
    stft = STFT(n_fft, max(1, n_fft // 4))
    power = stft.analysis(waveform.cpu()).abs().square() / stft.window.square().sum()  # (channel, n_freq, n_frames)
    if power.shape[-2] > 2 and power.shape[-1] > 4:
        power = power[:, 1:-1, 2:-2]  # neither DC nor Nyquist, nor the padded ends
    floor = power.quantile(_QUANTILE, dim=-1) / -math.log(1 - _QUANTILE)  # (channel, n_freq), mean power of the noise
    return float(floor.quantile(_QUANTILE, dim=-1).mean().sqrt())
