"""Dequantization: sparse sounds that would have become the observation, and what they tell of its noise."""

import math

import torch
from torch import Tensor

from dap.dsp.consistent_sparse import consistent_sparse
from dap.dsp.tight_frame import TightFrame
from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.quantization import Quantization

# The first and the last threshold, over the quantization noise's standard deviation in a bin. Begun at the loudest bin, most
# turns tell nothing, and too few are left for a periodic sound, whose error is no noise but partials of its own.
_FIRST, _LAST = 40.0, 0.5


class Dequantize(OneShot):
    """The mean of sparse sounds within the observed cells, and of Wiener filters that these are the pilots of.

    Once with frames of each length: a sound of few strong bins is found within the cells (`dap.dsp.consistent_sparse`), with a
    threshold that ends in the quantization noise; then the observation is filtered in the same frames, each bin by
    S / (S + N), S the sparse sound's power there and N the noise's, and clamped into the cells. A sparse sound makes tones
    out of noise and the filter loses weak tones: their errors differ, and the mean over both and all lengths has the least.

    Args:
        frame_seconds: lengths of the frames, rounded to a power of two in samples. The work grows with their number.
        iterations: turns of the sparse estimate.
        neighborhood: bins by frames whose mean energy, with a bin's own, decides about it; odd both.

    Raises:
        ValueError: settings out of range; from `restore`, a task that is not quantization.
    """

    tasks = frozenset({"quantization"})

    def __init__(
        self,
        frame_seconds: tuple[float, ...] = (0.023, 0.046, 0.093, 0.186, 0.372),
        iterations: int = 40,
        neighborhood: tuple[int, int] = (1, 5),
    ) -> None:
        super().__init__()
        if not frame_seconds or not all(math.isfinite(seconds) and seconds > 0 for seconds in frame_seconds):
            raise ValueError(f"frame_seconds must be lengths above 0 s, at least one, got {list(frame_seconds)}")
        if iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {iterations}")
        if len(neighborhood) != 2 or not all(width >= 1 and width % 2 for width in neighborhood):
            raise ValueError(f"neighborhood must be two odd numbers, of bins and of frames, got {list(neighborhood)}")
        self.frame_seconds, self.iterations = tuple(frame_seconds), iterations
        self.neighborhood = (neighborhood[0], neighborhood[1])

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and no facts."""
        observation, task = problem.observation, problem.task
        assert isinstance(task, Quantization)
        lower, upper = task.bounds(observation)
        noise_std = task.known_noise_std(observation) or 0.0
        total = torch.zeros_like(observation)
        for seconds in self.frame_seconds:
            length = max(4, 2 ** round(math.log2(seconds * problem.sample_rate)))
            frame = TightFrame(length, length // 4).to(observation.device)
            sparse = consistent_sparse(
                lower,
                upper,
                frame,
                self.iterations,
                depth_db=math.inf,
                neighborhood=self.neighborhood,
                last_std=_LAST * noise_std,
                first_std=_FIRST * noise_std,
                averaged=1.0,
            )
            total += sparse + _filtered(observation, sparse, frame, noise_std).clamp(lower, upper)
        return (total / (2 * len(self.frame_seconds))).clamp(lower, upper), {}


def _filtered(observation: Tensor, pilot: Tensor, frame: TightFrame, noise_std: float) -> Tensor:
    """The Wiener filter of an observation in white noise, (channel, time), by the power of its pilot."""
    power = frame.analysis(pilot).abs().square()
    noise = noise_std**2 * frame.hop_length / frame.n_fft  # a bin's
    spec = frame.analysis(observation) * (power / (power + noise).clamp(min=torch.finfo(power.dtype).tiny))
    return frame.synthesis(spec, observation.shape[-1])
