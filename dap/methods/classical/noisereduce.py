"""The package noisereduce: a spectral gate, as many use it."""

import numpy as np
import torch
from torch import Tensor

from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.task import NOISY

N_FFT = 1024  # samples in a frame, the package's default


class NoiseReduce(OneShot):
    """What noisereduce makes of the observation, each channel by itself, with its own defaults where no setting says else.

    It closes bins that do not pass mean + 1.5 standard deviations of the level (in dB) that the bin has over the whole clip,
    and smooths the gate over 500 Hz and 50 ms. So it takes much of the sound away with the noise, and its level changes:
    in LJ001-0001 to -0012 (2 s, peak 1, σ = 0.1) what is left of the sound is 9 to 14 dB lower, by least squares. SI-SDR does
    not see that, SNR does. A note that is held is gated as noise.

    Args:
        stationary: one gate threshold for the whole clip; False lets it follow the level.
        prop_decrease: share of what is gated that is taken away, above 0 and up to 1.

    Raises:
        ValueError: settings out of range, noisereduce is not there; from `restore`, a clip shorter than a frame, or a rate too
            low for the smoothing.

    Reference: Sainburg et al., "Finding, visualizing, and quantifying latent structure across diverse animal vocal
    repertoires", 2020.

    >>> from dap.methods.problem import Problem
    >>> from dap.tasks.denoise import Denoise
    >>> noise = 0.1 * torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    >>> bool(next(NoiseReduce().restore(Problem(noise, Denoise(noise_std=0.1), 8000))).estimate.std() < 0.03)
    True
    """

    tasks = NOISY

    def __init__(self, stationary: bool = True, prop_decrease: float = 1.0) -> None:
        super().__init__()
        if not 0 < prop_decrease <= 1:
            raise ValueError(f"prop_decrease must be above 0 and up to 1, got {prop_decrease}")
        try:
            import noisereduce  # noqa: F401
        except ImportError as error:
            raise ValueError("NoiseReduce needs noisereduce: pip install 'dap[baselines]'") from error
        self.stationary, self.prop_decrease = stationary, prop_decrease

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The estimate, (channel, time), and the facts."""
        observation, sample_rate = problem.observation, problem.sample_rate
        from noisereduce import reduce_noise

        if observation.shape[-1] < N_FFT:
            raise ValueError(f"the clip has {observation.shape[-1]} samples, shorter than one frame of n_fft = {N_FFT}")
        channels = [
            reduce_noise(
                channel, sample_rate, stationary=self.stationary, prop_decrease=self.prop_decrease, n_fft=N_FFT, use_tqdm=False
            )
            for channel in observation.cpu().double().numpy()
        ]
        facts = {"noise_power": "whole clip" if self.stationary else "followed"}
        return torch.from_numpy(np.stack(channels)).to(observation), facts
