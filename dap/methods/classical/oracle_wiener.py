"""The best that a Wiener filter could do: its gain is made from the reference itself."""

import torch
from torch import Tensor

from dap.methods.classical.spectral_filter import check_frame_seconds, frame_stft
from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.task import NOISY


class OracleWiener(OneShot):
    """estimate = |S|² / (|S|² + |N|²) · observation in each bin and frame of the STFT, N = observation − S, S the reference.

    No blind method knows S: this is the ceiling that the others are compared with, and every table says oracle.

    Args:
        frame_seconds: length of the Hann frames, a quarter of one apart.

    Raises:
        ValueError: from `restore`: there is no reference, or the clip is shorter than a frame.

    >>> from dap.methods.problem import Problem
    >>> from dap.tasks.denoise import Denoise
    >>> reference = torch.ones(1, 4000)
    >>> estimate = next(OracleWiener().restore(Problem(reference, Denoise(noise_std=0.1), 8000, reference))).estimate
    >>> bool((estimate - reference).abs().max() < 1e-5)                           # no noise: the gain is 1
    True
    """

    tasks, blind = NOISY, False

    def __init__(self, frame_seconds: float = 0.032) -> None:
        super().__init__()
        check_frame_seconds(frame_seconds)
        self.frame_seconds = frame_seconds

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The estimate, (channel, time), and the facts."""
        observation, sample_rate, reference = problem.observation, problem.sample_rate, problem.reference
        if reference is None:
            raise ValueError("OracleWiener makes its gain from the reference, and a clip that is damaged already has none")
        stft = frame_stft(self.frame_seconds, sample_rate).to(observation.device)
        sound, noise = (stft.analysis(part).abs().double().square() for part in (reference, observation - reference))
        gain = sound / (sound + noise).clamp(min=torch.finfo(torch.float64).tiny)  # (channel, n_freq, n_frames)
        return stft.synthesis(stft.analysis(observation) * gain.to(observation), observation.shape[-1]), {}
