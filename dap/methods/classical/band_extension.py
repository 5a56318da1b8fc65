"""Above what was observed, a faint copy of the band below: nearer in spectrum than silence, and hardly farther in wave."""

import math

import torch
from torch import Tensor

from dap.dsp.resample import resample
from dap.methods.classical.spectral_filter import check_frame_seconds, frame_stft
from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.sample import Sample, unstretched
from dap.tasks.super_resolution import SuperResolution

_EDGE = 0.97  # of the low Nyquist frequency: up to there `SuperResolution.finish` takes the band from the observation
_PASSED = 0.93  # of it, that `dap.dsp.resample` passes as it is
_LEAST = 1e-20  # of a power, relative to the loudest


class BandExtension(OneShot):
    r"""The upper octave of what was observed, copied upwards; its level falls on as it does in the octave itself.

    The mean spectrum's slope in dB an octave is fitted to the octave below the cut; above it each bin of the copy is brought,
    in the mean over time, to what the slope foretells from the level just below the cut, times a gain. A copy has the right
    level and the wrong phase: the error above the cut is the sound that is missing there plus the copy. At −18 dB this costs
    0.1 dB of SNR, and the log-spectral distance is of a sound that is too soft, not of one that is not there. Where the
    observation was interpolated linearly (task=sample), the samples of the low rate are first taken out of it, and
    interpolated without droop or mirror images.

    Args:
        gain_db: of the copy against the level that is foretold.
        frame_seconds: length of the Hann frames.
        steepest_db: slope that is extrapolated at most, dB an octave, as a positive number.

    Raises:
        ValueError: settings out of range; from `restore`, a task that is neither super_resolution nor sample.
    """

    tasks = frozenset({"super_resolution", "sample"})

    def __init__(self, gain_db: float = -18.0, frame_seconds: float = 0.032, steepest_db: float = 36.0) -> None:
        super().__init__()
        check_frame_seconds(frame_seconds)
        if not (math.isfinite(gain_db) and gain_db <= 0):
            raise ValueError(f"gain_db must be at most 0 dB, got {gain_db}")
        if not (math.isfinite(steepest_db) and steepest_db >= 0):
            raise ValueError(f"steepest_db must be at least 0 dB an octave, got {steepest_db}")
        self.gain_db, self.frame_seconds, self.steepest_db = gain_db, frame_seconds, steepest_db

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and the facts."""
        (observation, factor, passed), sample_rate = _low_band(problem), problem.sample_rate
        stft = frame_stft(self.frame_seconds, sample_rate).to(observation.device)
        spec = stft.analysis(observation)  # (channel, n_freq, n_frames)
        n_freq = spec.shape[-2]
        cut = int(passed * (n_freq - 1) / factor)  # the last bin that was observed as it is
        width = cut // 2
        if width < 2:
            raise ValueError(f"frames of {self.frame_seconds} s at {sample_rate} Hz have no octave below the cut: longer ones")
        first = math.ceil((n_freq - 1) / factor * _EDGE) + 1
        above = torch.arange(first, n_freq, device=spec.device)
        source = above - width * ((above - cut - 1) // width + 1)  # shifted down by whole widths, into the octave
        power = spec.abs().square().mean(-1)  # (channel, n_freq)
        power_db = 10 * power.clamp(min=float(power.max()) * _LEAST + 1e-30).log10()
        octave = (torch.arange(n_freq, device=spec.device).clamp(min=1) / cut).log2()  # relative to the cut
        below = slice(cut - width, cut + 1)
        x = octave[below] - octave[below].mean()
        slope = (power_db[:, below] * x).sum(-1) / x.square().sum()  # (channel,), dB an octave
        slope = slope.clamp(-self.steepest_db, 0.0)
        level_db = power_db[:, cut - width // 4 : cut + 1].median(-1).values  # just below the cut; partials do not raise it
        foretold_db = level_db[:, None] + slope[:, None] * octave[above]  # (channel, above)
        gain_db = (self.gain_db + foretold_db - power_db[:, source]).clamp(max=0.0)
        spec = spec.clone()
        spec[..., first:, :] += spec[..., source, :] * 10 ** (gain_db / 20)[..., None]
        return stft.synthesis(spec, observation.shape[-1]), {}


def _low_band(problem: Problem) -> tuple[Tensor, float, float]:
    """What was observed below the low Nyquist frequency, the ratio of the rates, and the share of that band as it was."""
    observation, task, rate = problem.observation, problem.task, problem.sample_rate
    if isinstance(task, Sample):
        low = unstretched(observation, task.low_rate, rate).to(observation.dtype)
        return resample(low, task.low_rate, rate)[..., : observation.shape[-1]], rate / task.low_rate, _PASSED
    assert isinstance(task, SuperResolution)
    return observation, task.factor, task.passed
