"""Composite measures of speech enhancement: what listeners would say, by linear formulas of four measures of a clip.

Conventions as in `dap.metrics.distortion`: waveforms (..., time), in the order (estimate, reference), channels scored one by
one and averaged. Of speech alone: of music they give a number that means little.

Reference: Hu & Loizou, "Evaluation of objective quality measures for speech enhancement", IEEE TASLP 16(1), 2008.
"""

from collections.abc import Sequence
import math
from typing import NamedTuple

import torch
from torch import Tensor

from dap.dsp.resample import resample
from dap.metrics.distortion import segmental_snr, validate
from dap.metrics.frames import hann_frames
from dap.metrics.perceptual import PESQ_RATES, channels, pesq_of_channels

_KEPT = 0.95  # of the frames, those with the lowest distortion: LLR and WSS leave the outliers out

# The 25 critical bands of WSS, in Hz. They end below 4 kHz, whatever the sample rate.
_CENTRES_HZ = (
    *(50.0, 120.0, 190.0, 260.0, 330.0, 400.0, 470.0, 540.0, 617.372, 703.378, 798.717, 904.128, 1020.38),
    *(1148.30, 1288.72, 1442.54, 1610.70, 1794.16, 1993.93, 2211.08, 2446.71, 2701.97, 2978.04, 3276.17, 3597.63),
)
_BANDWIDTHS_HZ = (
    *(70.0, 70.0, 70.0, 70.0, 70.0, 70.0, 70.0, 77.3724, 86.0056, 95.3398, 105.411, 116.256, 127.914),
    *(140.423, 153.823, 168.154, 183.457, 199.776, 217.153, 235.631, 255.255, 276.072, 298.126, 321.465, 346.136),
)


class Composite(NamedTuple):
    """Predicted mean opinion, 1 (bad) to 5 (excellent)."""

    csig: float  # of the distortion of the speech
    cbak: float  # of the intrusiveness of the background
    covl: float  # of all


def composite(
    estimate: Tensor,
    reference: Tensor,
    sample_rate: int,
    band: str = "wb",
    pesq_scores: Sequence[float] | None = None,
) -> Composite:
    """CSIG, CBAK and COVL, each held within 1 … 5: higher is better.

    Args:
        estimate, reference: (..., time).
        sample_rate: Hz; the signals are resampled to the rate of the band, and not upsampled.
        band: "wb" puts wide-band PESQ (MOS-LQO, 16 kHz) into the formulas, as papers do since SEGAN (2017) and as the ICLR 2020
            paper's table; "nb" the raw narrow-band score (8 kHz) that the formulas were fitted to. Figures do not compare.
        pesq_scores: what `pesq_of_channels` says of these signals in this band, where that is known already.

    Raises:
        ValueError: as `pesq_wb`.

    >>> composite(torch.ones(8000), torch.ones(8000), 8000)
    Traceback (most recent call last):
    ValueError: wide-band PESQ needs a sample rate of at least 16000 Hz, got 8000
    """
    if pesq_scores is None:
        pesq_scores = pesq_of_channels(estimate, reference, sample_rate, band)
    rate = PESQ_RATES[band]
    scores = []
    for mos, channel in zip(pesq_scores, channels(estimate, reference), strict=True):
        actual, wanted = (resample(signal, sample_rate, rate) for signal in channel)
        pesq = raw_pesq(mos) if band == "nb" else mos
        llr, wss = log_likelihood_ratio(actual, wanted, rate), weighted_spectral_slope(actual, wanted, rate)
        scores.append(_combine(pesq, llr, wss, segmental_snr(actual, wanted, rate)))
    return Composite(*(sum(values) / len(values) for values in zip(*scores, strict=True)))


def raw_pesq(mos_lqo: float) -> float:
    """The score before narrow-band PESQ maps it to a mean opinion: the inverse of P.862.1, −0.5 to 4.5.

    >>> round(raw_pesq(0.999 + 4 / (1 + math.exp(4.6607 - 1.4945 * 2.5))), 6)
    2.5
    """
    return (4.6607 - math.log((4.999 - mos_lqo) / (mos_lqo - 0.999))) / 1.4945


def log_likelihood_ratio(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    """LLR: how much worse the estimate's all-pole envelope predicts the reference than its own: 0 is best.

    ln(a R aᵀ / b R bᵀ) of each frame, with the prediction filters a of the estimate and b of the reference, of order 10 below
    10 kHz and 16 above, and the autocorrelation R of the reference. Where the reference is digital silence it is very high.

    Raises:
        ValueError: as `validate`, and a signal shorter than a frame.

    >>> noise = torch.randn(8000, generator=torch.Generator().manual_seed(0))
    >>> log_likelihood_ratio(0.5 * noise, noise, 8000) < 1e-9                       # the level does not count
    True
    """
    frames = _frames(estimate, reference, sample_rate)
    order = 10 if sample_rate < 10000 else 16
    actual, wanted = (_toeplitz(_autocorrelation(signal, order)) for signal in frames)  # (..., n_frames, order + 1, order + 1)

    def residual(filters: Tensor) -> Tensor:
        return torch.einsum("...i,...ij,...j->...", filters, wanted, filters)

    return _mean_of_lowest(torch.log(residual(_prediction_filter(actual)) / residual(_prediction_filter(wanted))))


def weighted_spectral_slope(estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
    """WSS: squared difference of the slopes between critical bands, weighted towards spectral peaks, in dB²: 0 is best.

    Raises:
        ValueError: as `validate`, and a signal shorter than a frame.

    Reference: Klatt, "Prediction of perceived phonetic distance from critical-band spectra", ICASSP 1982.

    >>> noise = torch.randn(8000, generator=torch.Generator().manual_seed(0))
    >>> weighted_spectral_slope(0.5 * noise, noise, 8000) < 1e-9
    True
    """
    frames = _frames(estimate, reference, sample_rate)
    n_fft = 2 ** math.ceil(math.log2(2 * frames[0].shape[-1]))
    filters = _critical_bands(n_fft, sample_rate).to(frames[0])  # (n_fft // 2, 25)
    powers = (torch.fft.rfft(signal, n_fft)[..., :-1].abs().square() for signal in frames)
    actual, wanted = (10 * torch.log10((power @ filters).clamp(min=1e-10)) for power in powers)  # (..., n_frames, 25), dB
    weight = (_slope_weights(actual) + _slope_weights(wanted)) / 2
    distance = (weight * (wanted.diff() - actual.diff()).square()).sum(-1) / weight.sum(-1)
    return _mean_of_lowest(distance)


def _combine(pesq: float, llr: float, wss: float, ssnr: float) -> Composite:
    csig = 3.093 - 1.029 * llr + 0.603 * pesq - 0.009 * wss
    cbak = 1.634 + 0.478 * pesq - 0.007 * wss + 0.063 * ssnr
    covl = 1.594 + 0.805 * pesq - 0.512 * llr - 0.007 * wss
    return Composite(*(min(5.0, max(1.0, value)) for value in (csig, cbak, covl)))


def _frames(estimate: Tensor, reference: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    eps = torch.finfo(torch.float64).eps  # added to both, as in the authors' code: silence has an envelope too
    actual, wanted = (hann_frames(signal + eps, sample_rate) for signal in validate(estimate, reference))
    return actual, wanted


def _mean_of_lowest(distortion: Tensor) -> float:
    n_kept = round(distortion.shape[-1] * _KEPT)
    return float(distortion.sort().values[..., :n_kept].mean())


def _autocorrelation(frames: Tensor, order: int) -> Tensor:
    length = frames.shape[-1]
    lags = [(frames[..., : length - lag] * frames[..., lag:]).sum(-1) for lag in range(order + 1)]
    return torch.stack(lags, dim=-1)


def _toeplitz(first_row: Tensor) -> Tensor:
    index = torch.arange(first_row.shape[-1], device=first_row.device)
    return first_row[..., (index[:, None] - index).abs()]


def _prediction_filter(matrix: Tensor) -> Tensor:
    """(1, a₁ … a_order) that leaves the least residual; of matrices (..., order + 1, order + 1)."""
    normal, right = matrix[..., :-1, :-1], -matrix[..., 0, 1:]
    ridge = 1e-12 * matrix[..., :1, :1] * torch.eye(normal.shape[-1]).to(matrix)  # a pure tone's matrix has no inverse
    return torch.cat([torch.ones_like(right[..., :1]), torch.linalg.solve(normal + ridge, right)], dim=-1)


def _critical_bands(n_fft: int, sample_rate: int) -> Tensor:
    """Gaussian filters (n_fft // 2, 25) on the power spectrum, centred on a bin, cut where they are small."""
    bins_per_hz = n_fft / sample_rate
    centres = (torch.tensor(_CENTRES_HZ, dtype=torch.float64) * bins_per_hz).floor()
    widths = torch.tensor(_BANDWIDTHS_HZ, dtype=torch.float64)
    offset = (torch.arange(n_fft // 2, dtype=torch.float64)[:, None] - centres) / (widths * bins_per_hz)
    filters = torch.exp(-11 * offset.square() + torch.log(widths.min() / widths))
    return filters * (filters > math.exp(-30 / (2 * 2.303)))


def _slope_weights(energy: Tensor) -> Tensor:
    """Klatt's weights (..., 24): near the frame's maximum, and near the peak that the slope climbs to or comes from."""
    rising = energy.diff() > 0
    below, n_slopes = energy[..., :-1], rising.shape[-1]
    peak = below.clone()  # of a slope that rises, the band below its last rise, as in the authors' code
    for band in reversed(range(n_slopes - 1)):
        goes_on = rising[..., band] & rising[..., band + 1]
        peak[..., band] = torch.where(goes_on, peak[..., band + 1], peak[..., band])
    for band in range(1, n_slopes):
        goes_on = ~rising[..., band] & ~rising[..., band - 1]
        peak[..., band] = torch.where(goes_on, peak[..., band - 1], peak[..., band])
    return 20 / (20 + energy.amax(-1, keepdim=True) - below) / (1 + peak - below)
