"""The log-spectral amplitude estimator: the Wiener filter's sibling that leaves less musical noise."""

from torch import Tensor

from dap.dsp.spectral_gain import DecisionDirected, log_mmse_gain
from dap.methods.classical.spectral_filter import SpectralFilter


class LogMMSE(SpectralFilter):
    """In each bin and frame of the STFT the amplitude whose logarithm has the least expected squared error.

    Args:
        noise, noise_std, lead_samples, frame_seconds: see `SpectralFilter`.
        alpha, lowest_prior_snr_db: see `dap.dsp.spectral_gain.DecisionDirected`.

    Raises:
        ValueError: settings out of range.

    Reference: Ephraim & Malah, "Speech enhancement using a minimum mean-square error log-spectral amplitude estimator",
    1985.

    >>> from dap.methods.problem import Problem
    >>> import torch
    >>> from dap.tasks.denoise import Denoise
    >>> noise = 0.1 * torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    >>> iterate = next(LogMMSE(noise="known", noise_std=0.1).restore(Problem(noise, Denoise(noise_std=0.1), 8000)))
    >>> bool(iterate.estimate.std() < 0.02)                                       # noise alone: 14 dB less of it
    True
    """

    def __init__(
        self,
        noise: str = "tracked",
        noise_std: float | None = None,
        lead_samples: int = 1024,
        frame_seconds: float = 0.032,
        alpha: float = 0.98,
        lowest_prior_snr_db: float = -25.0,
    ) -> None:
        super().__init__(noise, noise_std, lead_samples, frame_seconds)
        self.decision_directed = DecisionDirected(log_mmse_gain, alpha, lowest_prior_snr_db)

    def gain(self, power: Tensor, noise: Tensor) -> Tensor:
        """From the powers of observation and noise, (channel, n_freq, n_frames)."""
        return self.decision_directed(power, noise)
