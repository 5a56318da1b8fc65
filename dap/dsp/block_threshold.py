"""Block thresholding: neighboring bins of a spectrogram are kept or lost together, in blocks of the size that risks least."""

import torch
from torch import Tensor

N_FREQ, N_FRAMES = 16, 8  # of a macroblock, within which all blocks have one size
FREQUENCIES, FRAMES = (16, 8, 4, 2, 1), (8, 4, 2)  # the sizes
# λ for each number of frames (a row) and of frequencies: so much above its mean a block of noise reaches with a probability of
# 0.1 %, in frames that overlap by half.
THRESHOLDS = ((1.5, 1.8, 2.0, 2.5, 2.5), (1.8, 2.0, 2.5, 3.5, 3.5), (2.0, 2.5, 3.5, 4.7, 4.7))


def block_threshold_gain(power: Tensor, noise: Tensor) -> Tensor:
    r"""(1 − λ / m)₊ in each block, m its mean power over the noise's, as if the noise were Gaussian.

    The sizes of blocks differ from macroblock to macroblock, 16 bins by 8 frames: each has those of least risk, by Stein's
    unbiased estimate. Where the spectrogram ends inside a macroblock, noise goes on.

    Args:
        power: of the observation's STFT, (channel, n_freq, n_frames), its frames half their length apart.
        noise: the expected power of the noise in each bin, above 0, of a shape that spreads to it.

    Returns:
        The gain, 0 … 1, as ``power``.

    Reference: Yu, Mallat and Bacry, "Audio denoising by time-frequency block thresholding", IEEE Trans. SP 56(5), 2008.

    >>> power = torch.ones(1, 16, 8).index_fill(1, torch.tensor([3]), 100.0)                    # a partial in noise
    >>> gain = block_threshold_gain(power, torch.tensor(1.0))
    >>> [round(float(row[0]), 3) for row in gain[0, 2:5]]
    [0.0, 0.975, 0.0]
    """
    ratio = power / noise
    n_channels, n_freq, n_frames = ratio.shape
    padded = torch.nn.functional.pad(ratio, (0, -n_frames % N_FRAMES, 0, -n_freq % N_FREQ), value=1.0)
    rows, columns = padded.shape[1] // N_FREQ, padded.shape[2] // N_FRAMES
    best = padded.new_full((n_channels, rows, columns), torch.inf)
    gain = torch.zeros_like(padded)
    for frames, thresholds in zip(FRAMES, THRESHOLDS, strict=True):
        for frequencies, threshold in zip(FREQUENCIES, thresholds, strict=True):
            high, wide = rows * N_FREQ // frequencies, columns * N_FRAMES // frames  # blocks
            mean = padded.reshape(n_channels, high, frequencies, wide, frames).mean((2, 4))
            risk = _risk(mean, threshold, frequencies * frames)
            risk = risk.reshape(n_channels, rows, high // rows, columns, wide // columns).sum((2, 4))  # of each macroblock
            less = risk < best
            best = torch.minimum(best, risk)
            attenuated = (1 - threshold / mean.clamp(min=1e-30)).clamp(min=0)
            spread = attenuated.repeat_interleave(frequencies, 1).repeat_interleave(frames, 2)
            gain = spread.where(less.repeat_interleave(N_FREQ, 1).repeat_interleave(N_FRAMES, 2), gain)
    return gain[:, :n_freq, :n_frames]


def _risk(mean: Tensor, threshold: float, n_bins: int) -> Tensor:
    """Stein's estimate of the squared error of a block of complex bins, over that of one of its real parts."""
    n = 2 * n_bins
    energy = (n * mean).clamp(min=1e-30)
    kept = n + (threshold**2 * n**2 - 2 * threshold * n * (n - 2)) / energy
    return kept.where(mean > threshold, energy - n)
