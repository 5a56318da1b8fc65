"""The classical denoisers whose a-priori SNR is decision-directed: the Wiener filter, and the log-spectral amplitude."""

from torch import Tensor

from dap.dsp.spectral_gain import DecisionDirected, log_mmse_gain, wiener_gain
from dap.methods.classical.spectral_filter import SpectralFilter

GAINS = {"wiener": wiener_gain, "log_mmse": log_mmse_gain}


class DecisionDirectedFilter(SpectralFilter):
    """In each bin and frame of the STFT what is expected, given the decision-directed a-priori SNR ξ.

    Of the coefficient: ξ / (1 + ξ) of the observation, the Wiener filter. Or of the amplitude's logarithm, which leaves less
    musical noise.

    Args:
        noise, noise_std, lead_samples, frame_seconds: see `SpectralFilter`.
        alpha, lowest_prior_snr_db: see `dap.dsp.spectral_gain.DecisionDirected`.
        estimator: "wiener" or "log_mmse".

    Raises:
        ValueError: settings out of range.

    Reference: Scalart & Filho, "Speech enhancement based on a priori signal to noise estimation", ICASSP 1996; Ephraim & Malah,
    "Speech enhancement using a minimum mean-square error log-spectral amplitude estimator", 1985.

    >>> from dap.methods.problem import Problem
    >>> import torch
    >>> from dap.tasks.denoise import Denoise
    >>> noise = 0.1 * torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    >>> problem = Problem(noise, Denoise(noise_std=0.1), 8000)
    >>> wiener, log_mmse = (DecisionDirectedFilter("known", 0.1, estimator=name) for name in ("wiener", "log_mmse"))
    >>> bool(wiener.estimate(problem).std() < 0.01), bool(log_mmse.estimate(problem).std() < 0.02)   # noise alone: 20 dB less
    (True, True)
    """

    def __init__(
        self,
        noise: str = "tracked",
        noise_std: float | None = None,
        lead_samples: int = 1024,
        frame_seconds: float = 0.032,
        alpha: float = 0.98,
        lowest_prior_snr_db: float = -25.0,
        estimator: str = "wiener",
    ) -> None:
        super().__init__(noise, noise_std, lead_samples, frame_seconds)
        if estimator not in GAINS:
            raise ValueError(f"estimator must be one of {', '.join(GAINS)}, got {estimator!r}")
        self.decision_directed = DecisionDirected(GAINS[estimator], alpha, lowest_prior_snr_db)

    def gain(self, power: Tensor, noise: Tensor) -> Tensor:
        """From the powers of observation and noise, (channel, n_freq, n_frames)."""
        return self.decision_directed(power, noise)
