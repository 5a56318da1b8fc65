"""Denoising: what was heard is the sound plus white Gaussian noise."""

import math

import torch
from torch import Tensor

from dap.signals import white_noise


class Denoise:
    """observation = reference + N(0, σ²).

    Args:
        noise_std: σ, in units of full scale after the clip was scaled to ``data.peak``.
        snr_db: the ratio of the clip's power to the noise's instead, in dB.

    Raises:
        ValueError: neither or both given, or a negative noise_std.

    >>> generator = torch.Generator().manual_seed(0)
    >>> task = Denoise(snr_db=20.0)
    >>> reference = torch.ones(1, 10000)
    >>> round(float((task.degrade(reference, generator) - reference).std()), 2)
    0.1
    """

    identity = True

    def __init__(self, noise_std: float | None = None, snr_db: float | None = None) -> None:
        if (noise_std is None) == (snr_db is None):
            raise ValueError(f"give one of noise_std and snr_db and set the other to null, got {noise_std} and {snr_db}")
        if noise_std is not None and not (math.isfinite(noise_std) and noise_std >= 0):
            raise ValueError(f"noise_std must be a finite number, at least 0, got {noise_std}")
        if snr_db is not None and not math.isfinite(snr_db):
            raise ValueError(f"snr_db must be a finite number of dB, got {snr_db}")
        self.noise_std, self.snr_db = noise_std, snr_db

    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """The reference, (channel, time), with the noise added."""
        std = self.noise_std
        if self.snr_db is not None:
            std = float(reference.square().mean().sqrt()) * 10 ** (-self.snr_db / 20)
        assert std is not None
        return reference + white_noise(tuple(reference.shape), std, generator).to(reference)

    def observe(self, estimate: Tensor) -> Tensor:
        """What of the estimate is compared with the observation: all of it."""
        return estimate

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """The estimate as it is: no sample of a noisy observation is known for certain."""
        return estimate
