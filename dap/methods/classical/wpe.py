"""The package nara-wpe: weighted prediction error, as its authors publish it."""

import numpy as np
import torch
from torch import Tensor

from dap.methods.classical.spectral_filter import check_frame_seconds
from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem


class WPE(OneShot):
    """What nara-wpe makes of the observation, each channel by itself.

    Args:
        taps: frames that are looked back on.
        delay: frames, at least 1, before these.
        iterations: at least 1.
        frame_seconds: length of the package's Blackman frames, a quarter of one apart: at 16 kHz, 512 samples.

    Raises:
        ValueError: settings out of range, nara-wpe is not there; from `restore`, frames of less than four samples.

    Reference: Drude et al., "NARA-WPE: a Python package for weighted prediction error dereverberation in NumPy and
    TensorFlow for online and offline processing", ITG 2018; the settings are those of its example.
    """

    tasks = frozenset({"reverb"})

    def __init__(self, taps: int = 10, delay: int = 3, iterations: int = 5, frame_seconds: float = 0.032) -> None:
        super().__init__()
        check_frame_seconds(frame_seconds)
        for name, value in (("taps", taps), ("delay", delay), ("iterations", iterations)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        try:
            import nara_wpe  # noqa: F401
        except ImportError as error:
            raise ValueError("WPE needs nara-wpe: pip install 'dap[baselines]'") from error
        self.taps, self.delay, self.iterations, self.frame_seconds = taps, delay, iterations, frame_seconds

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate; there are no facts."""
        from nara_wpe.utils import istft, stft
        from nara_wpe.wpe import wpe_v8

        observation = problem.observation
        shift = round(self.frame_seconds * problem.sample_rate / 4)
        if shift < 1:
            raise ValueError(
                f"frame_seconds must be at least four samples at {problem.sample_rate} Hz, got {self.frame_seconds}"
            )
        spec = stft(observation.cpu().double().numpy(), 4 * shift, shift)  # (channel, n_frames, n_freq)
        # The package takes (n_freq, channel, n_frames), and would predict each channel from all.
        dry = np.stack([wpe_v8(rows.T[:, None], self.taps, self.delay, self.iterations)[:, 0].T for rows in spec])
        waveform = istft(dry, 4 * shift, shift)[..., : observation.shape[-1]]
        return torch.from_numpy(waveform).to(observation), {}
