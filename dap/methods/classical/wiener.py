"""The Wiener filter whose a-priori SNR is decision-directed: the classical denoiser."""

from torch import Tensor

from dap.dsp.spectral_gain import DecisionDirected, wiener_gain
from dap.methods.classical.spectral_filter import SpectralFilter


class Wiener(SpectralFilter):
    """estimate = ξ / (1 + ξ) · observation in each bin and frame of the STFT, ξ the decision-directed a-priori SNR.

    Args:
        noise, noise_std, lead_samples, frame_seconds: see `SpectralFilter`.
        alpha, lowest_prior_snr_db: see `dap.dsp.spectral_gain.DecisionDirected`.

    Raises:
        ValueError: settings out of range.

    Reference: Scalart & Filho, "Speech enhancement based on a priori signal to noise estimation", ICASSP 1996.

    >>> from dap.methods.problem import Problem
    >>> import torch
    >>> from dap.tasks.denoise import Denoise
    >>> noise = 0.1 * torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    >>> iterate = next(Wiener(noise="known", noise_std=0.1).restore(Problem(noise, Denoise(noise_std=0.1), 8000)))
    >>> iterate.step, bool(iterate.estimate.std() < 0.01)                         # noise alone: 20 dB less of it
    (0, True)
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
        self.decision_directed = DecisionDirected(wiener_gain, alpha, lowest_prior_snr_db)

    def gain(self, power: Tensor, noise: Tensor) -> Tensor:
        """From the powers of observation and noise, (channel, n_freq, n_frames)."""
        return self.decision_directed(power, noise)
