"""Gains that take noise out of a spectrogram, from its power and the noise's.

ξ is the a-priori SNR (what the sound's power over the noise's is thought to be), γ the a-posteriori SNR (the power that is
there, over the noise's): ratios of powers, not dB.
"""

from collections.abc import Callable
from dataclasses import dataclass
import math

import torch
from torch import Tensor

from dap.dsp.exponential_integral import exponential_integral


def wiener_gain(prior_snr: Tensor, posterior_snr: Tensor) -> Tensor:  # noqa: ARG001 (the arguments of its kind)
    """ξ / (1 + ξ), the linear estimate of least squared error; γ has no part in it.

    Reference: Scalart & Filho, "Speech enhancement based on a priori signal to noise estimation", ICASSP 1996.

    >>> wiener_gain(torch.tensor([0.0, 1.0, 3.0]), torch.tensor(1.0)).tolist()
    [0.0, 0.5, 0.75]
    """
    return prior_snr / (1 + prior_snr)


def log_mmse_gain(prior_snr: Tensor, posterior_snr: Tensor) -> Tensor:
    """ξ / (1 + ξ) · exp(E1(v) / 2), v = γ ξ / (1 + ξ): the amplitude whose logarithm has the least squared error.

    Above the Wiener gain, and nearer to it the larger v; where v is small it passes 1, since so little power is hardly all.

    Reference: Ephraim & Malah, "Speech enhancement using a minimum mean-square error log-spectral amplitude estimator",
    1985, Eq. 20.

    >>> round(float(log_mmse_gain(torch.tensor(1.0), torch.tensor(2.0))), 4)     # 0.5 · exp(E1(1) / 2)
    0.558
    """
    wiener = wiener_gain(prior_snr, posterior_snr)
    v = (wiener * posterior_snr).clamp(min=1e-10)  # where the power is 0 whatever gain will do, but not infinity
    return wiener * torch.exp(exponential_integral(v) / 2).to(wiener)


@dataclass(frozen=True)
class DecisionDirected:
    r"""The gain of each bin and frame, the a-priori SNR being led by the decision of the frame before.

        ξ_m = α · |Ŝ_{m−1}|² / noise_m + (1 − α) · max(γ_m − 1, 0), at least the lowest

    Before the first frame Ŝ has the noise's power.

    Args:
        gain: (ξ, γ) → gain, of one frame.
        alpha: weight of the frame before, at least 0 and below 1: nearer to 1 less musical noise is left, and onsets are
            dulled.
        lowest_prior_snr_db: of ξ, dB: lower takes more of the noise away where there is no sound.

    Raises:
        ValueError: settings out of range.

    Reference: Ephraim & Malah, "Speech enhancement using a minimum mean-square error short-time spectral amplitude
    estimator", 1984, Eq. 51 and 52.

    >>> wiener = DecisionDirected(wiener_gain, alpha=0.0, lowest_prior_snr_db=-100.0)
    >>> wiener(torch.tensor([[2.0, 4.0]]), noise=torch.ones(1, 2)).tolist()       # ξ = γ − 1
    [[0.5, 0.75]]
    """

    gain: Callable[[Tensor, Tensor], Tensor]
    alpha: float
    lowest_prior_snr_db: float

    def __post_init__(self) -> None:
        if not 0 <= self.alpha < 1:
            raise ValueError(f"alpha must be at least 0 and below 1, got {self.alpha}")
        if not math.isfinite(self.lowest_prior_snr_db):
            raise ValueError(f"lowest_prior_snr_db must be a finite number of dB, got {self.lowest_prior_snr_db}")

    def __call__(self, power: Tensor, noise: Tensor) -> Tensor:
        """Gains, (..., n_freq, n_frames), from the powers of the observation and of the noise in it; the latter above 0."""
        lowest = 10 ** (self.lowest_prior_snr_db / 10)
        previous = noise[..., 0]  # |Ŝ|² of the frame before
        gains = []
        for power_m, noise_m in zip(power.unbind(-1), noise.unbind(-1), strict=True):
            posterior_snr = power_m / noise_m
            prior_snr = self.alpha * previous / noise_m + (1 - self.alpha) * (posterior_snr - 1).clamp(min=0)
            gains.append(self.gain(prior_snr.clamp(min=lowest), posterior_snr))
            previous = gains[-1].square() * power_m
        return torch.stack(gains, dim=-1)


def subtraction_gain(power: Tensor, noise: Tensor, over_subtraction: float, floor: float) -> Tensor:
    """Gain that leaves max(power − over_subtraction · noise, floor · noise) of the power, at most 1.

    Args:
        power, noise: (...), of the observation and of the noise in it; noise above 0.

    Reference: Berouti, Schwartz & Makhoul, "Enhancement of speech corrupted by acoustic noise", ICASSP 1979, with
    one over-subtraction for every SNR.

    >>> power = torch.tensor([4.0, 2.0, 0.0])
    >>> subtraction_gain(power, torch.ones(3), over_subtraction=3.0, floor=0.02).tolist()   # √(1 / 4), √(0.02 / 2), all of 0
    [0.5, 0.10000000149011612, 1.0]
    """
    left = (power - over_subtraction * noise).maximum(floor * noise)
    return (left / power.maximum(left).clamp(min=torch.finfo(power.dtype).tiny)).sqrt()
