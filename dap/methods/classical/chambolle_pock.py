"""Dequantization by the Chambolle-Pock algorithm, as it is published."""

import math

import numpy as np
from torch import Tensor

from dap.dsp.chambolle_pock import chambolle_pock
from dap.dsp.tight_frame import TightFrame
from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.quantization import Quantization

_BITS = (2, 3, 4, 5, 6, 7, 8)
_THRESHOLDS = (3e-4, 1.9e-4, 9.3e-5, 5.7e-6, 2.3e-6, 1e-6, 4e-7)  # of the reference implementation, for these


class ChambollePock(OneShot):
    """Least sum of spectral magnitudes near the observed cells: `dap.dsp.chambolle_pock`.

    With these settings, and stopped by an oracle, the best of the field's comparison in SDR. It has not converged then: the
    turn at which it is best differs from sound to sound, and later ones are worse.

    Args:
        n_window: length of the frames (tight Hann), samples.
        hop_length: a divisor of it, samples.
        n_fft: bins of the DFT; frames are filled up with zeros.
        threshold: λ, for full scale 1; None: the published one for cells of this width.
        iterations: number of turns.

    Raises:
        ValueError: settings out of range; from `restore`, a task that is not quantization.

    Reference: Záviška, Rajmic and Mokrý, "Audio dequantization using (co)sparse (non)convex methods", ICASSP 2021.
    """

    tasks = frozenset({"quantization"})

    def __init__(
        self,
        n_window: int = 8192,
        hop_length: int = 2048,
        n_fft: int = 16384,
        threshold: float | None = None,
        iterations: int = 100,
    ) -> None:
        super().__init__()
        if threshold is not None and not (math.isfinite(threshold) and threshold > 0):
            raise ValueError(f"threshold must be above 0 or null, got {threshold}")
        if iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {iterations}")
        self.frame = TightFrame(n_window, hop_length, n_fft)
        self.threshold, self.iterations = threshold, iterations

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and λ."""
        observation, task = problem.observation, problem.task
        assert isinstance(task, Quantization)
        threshold = self.threshold or _published(task.known_noise_std(observation) or 0.0)
        frame = self.frame.to(observation.device)
        estimate = chambolle_pock(observation, *task.bounds(observation), frame, threshold, self.iterations)
        return task.finish(estimate, observation), {"threshold": threshold}


def _published(noise_std: float) -> float:
    """λ for cells whose error has this standard deviation, width / √12; between the published ones on a logarithmic scale."""
    bits = 1 - math.log2(max(noise_std * math.sqrt(12), 1e-12))
    return float(np.exp(np.interp(bits, _BITS, np.log(_THRESHOLDS))))
