"""Wavelet shrinkage: small coefficients are noise."""

from collections.abc import Callable
import math
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor

from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.task import NOISY


def bayes_threshold(details: np.ndarray, noise_std: float, n_samples: int) -> float:  # noqa: ARG001 (the arguments of its kind)
    """σ² / σ_x, σ_x² = mean of details² − σ²: near the best for coefficients of a generalised Gaussian; all where σ_x = 0.

    Reference: Chang, Yu & Vetterli, "Adaptive wavelet thresholding for image denoising and compression", 2000.
    """
    sound = float(np.mean(details**2)) - noise_std**2
    return noise_std**2 / math.sqrt(sound) if sound > 0 else float(np.abs(details).max())


def universal_threshold(details: np.ndarray, noise_std: float, n_samples: int) -> float:  # noqa: ARG001 (the arguments of its kind)
    """σ √(2 ln n), n the length of the clip: noise alone hardly ever passes it.

    Reference: Donoho & Johnstone, "Ideal spatial adaptation by wavelet shrinkage", 1994.
    """
    return noise_std * math.sqrt(2 * math.log(n_samples))


def sure_threshold(details: np.ndarray, noise_std: float, n_samples: int) -> float:
    """The one of least risk by Stein's unbiased estimate, out of the magnitudes of the details; at most the universal one.

    Reference: Donoho & Johnstone, "Adapting to unknown smoothness via wavelet shrinkage", 1995.
    """
    squares = np.sort((details / noise_std) ** 2)
    n, below = len(squares), np.arange(1, len(squares) + 1)
    risk = n - 2 * below + np.cumsum(squares) + (n - below) * squares
    chosen = noise_std * math.sqrt(squares[np.argmin(risk)])
    return min(chosen, universal_threshold(details, noise_std, n_samples))


THRESHOLDS: dict[str, Callable[[np.ndarray, float, int], float]] = {
    "bayes": bayes_threshold,
    "universal": universal_threshold,
    "sure": sure_threshold,
}
"""Each called with (details of a level, σ of the noise, samples of the clip), above which a coefficient is kept."""


class Wavelet(OneShot):
    """The discrete wavelet transform's details, each level shrunk towards 0 by a threshold (soft); each channel by itself.

    With threshold "bayes" the numbers are those of skimage.restoration.denoise_wavelet (mode soft), which clips to ±1 besides.

    Args:
        wavelet: a discrete one of PyWavelets; "sym8" is the ICLR paper's.
        threshold: one of `THRESHOLDS`.
        noise_std: σ in the waveform's units; None takes it from the median magnitude of the finest details: white noise.
        levels: of the transform; None is three less than the clip allows, at least 1 (as skimage).

    Raises:
        ValueError: settings out of range, PyWavelets is not there; from `restore`, a clip too short for the wavelet.

    >>> from dap.methods.problem import Problem
    >>> from dap.tasks.denoise import Denoise
    >>> noise = 0.1 * torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    >>> bool(next(Wavelet().restore(Problem(noise, Denoise(noise_std=0.1), 8000))).estimate.std() < 0.02)
    True
    """

    tasks = NOISY

    def __init__(
        self,
        wavelet: str = "sym8",
        threshold: str = "bayes",
        noise_std: float | None = None,
        levels: int | None = None,
    ) -> None:
        super().__init__()
        if threshold not in THRESHOLDS:
            raise ValueError(f"threshold must be one of {', '.join(THRESHOLDS)}, got {threshold!r}")
        if noise_std is not None and not (math.isfinite(noise_std) and noise_std >= 0):
            raise ValueError(f"noise_std must be a finite number, at least 0, or null, got {noise_std}")
        if levels is not None and levels < 1:
            raise ValueError(f"levels must be at least 1 or null, got {levels}")
        try:
            import pywt
        except ImportError as error:
            raise ValueError("Wavelet needs PyWavelets: pip install 'dap[baselines]'") from error
        if wavelet not in pywt.wavelist(kind="discrete"):
            raise ValueError(f"wavelet must be a discrete one of PyWavelets, such as sym8, got {wavelet!r}")
        self.wavelet, self.threshold, self.noise_std, self.levels = pywt.Wavelet(wavelet), threshold, noise_std, levels

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The estimate, (channel, time), and the facts."""
        observation = problem.observation
        import pywt

        n_samples = observation.shape[-1]
        highest = pywt.dwt_max_level(n_samples, self.wavelet.dec_len)
        levels = self.levels or max(1, highest - 3)
        if levels > highest:
            raise ValueError(f"the clip of {n_samples} samples allows {highest} levels of {self.wavelet.name}, not {levels}")
        estimates = [self._shrink(channel, levels) for channel in observation.cpu().double().numpy()]
        facts = {"noise_power": "finest details" if self.noise_std is None else "known"}
        return torch.from_numpy(np.stack(estimates)).to(observation), facts

    def _shrink(self, waveform: np.ndarray, levels: int) -> np.ndarray:
        """One channel, (time,)."""
        import pywt

        approximation, *details = pywt.wavedec(waveform, self.wavelet, level=levels)
        std = self.noise_std if self.noise_std is not None else _noise_std(details[-1])
        if std > 0:
            thresholds = [THRESHOLDS[self.threshold](level, std, len(waveform)) for level in details]
            details = [pywt.threshold(level, value, "soft") for level, value in zip(details, thresholds, strict=True)]
        restored: np.ndarray = pywt.waverec([approximation, *details], self.wavelet)
        return restored[: len(waveform)]


def _noise_std(finest: np.ndarray) -> float:
    """σ of Gaussian noise from the median magnitude of the finest details; those of digital silence are left out."""
    heard = np.abs(finest[finest != 0])
    return float(np.median(heard)) / NormalDist().inv_cdf(0.75) if len(heard) else 0.0
