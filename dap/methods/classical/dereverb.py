"""Blind dereverberation of a single recording: prediction of what a room adds, and a gain for what is left of it."""

import math

import torch
from torch import Tensor
import torch.nn.functional as F

from dap.dsp.decay_time import decay_time
from dap.dsp.late_power import late_power
from dap.dsp.two_way_snr import two_way_prior_snr
from dap.dsp.weighted_prediction import predicted
from dap.methods.classical.spectral_filter import check_frame_seconds, frame_stft
from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem

_DRY_SECONDS, _ROOM_SECONDS = 0.2, 0.28  # RT60: up to the first nothing is done, from the second on all
_NEAR = (5, 3)  # bins and frames over which gains are smoothed, so that single bins do not ring


class Dereverb(OneShot):
    """Late reverberation is first predicted and subtracted, with its phase, then what is left is turned down.

    How long the room rings is found in the recording (`dap.dsp.decay_time`). Where that is as short as dry speech has it, or
    where tones are held and nothing tells, the recording is left as it is. The prediction is a weighted one
    (`dap.dsp.weighted_prediction`); the gain is Wiener's, its a-priori ratio of sound to late reverberation
    (`dap.dsp.late_power`) being decision-directed forth and back (`dap.dsp.two_way_snr`). Early reflections stay. Each channel
    by itself, in the same room.

    Args:
        frame_seconds: length of the Hann frames.
        delay_seconds: what comes later after the sound is late.
        reach_seconds: how long after that is predicted.
        iterations: of the prediction.
        ridge: see `dap.dsp.weighted_prediction.predicted`.
        share: see `dap.dsp.late_power.late_power`.
        longest_seconds: RT60 that the gain reckons with at most.
        memory_seconds: how long its decisions last.
        floor_db: its least, dB.

    Raises:
        ValueError: settings out of range; from `restore`, a clip shorter than a frame.

    >>> from dap.methods.problem import Problem
    >>> from dap.tasks.reverb import Reverb
    >>> noise = torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    >>> bursts = noise * (torch.arange(8000) % 4000 < 800)
    >>> room = Reverb(wet_gain_db=10.0).at(8000, 8000, None)
    >>> heard = room.observe(bursts)
    >>> estimate = Dereverb().estimate(Problem(heard, room, 8000))
    >>> late = (torch.arange(8000) % 4000 > 2000)
    >>> bool(estimate[:, late].std() < 0.7 * heard[:, late].std())
    True
    """

    tasks = frozenset({"reverb"})
    level_free = True

    def __init__(
        self,
        frame_seconds: float = 0.064,
        delay_seconds: float = 0.048,
        reach_seconds: float = 0.48,
        iterations: int = 1,
        ridge: float = 0.01,
        share: float = 0.35,
        longest_seconds: float = 0.5,
        memory_seconds: float = 0.4,
        floor_db: float = -10.0,
    ) -> None:
        super().__init__()
        check_frame_seconds(frame_seconds)
        for name, value in (
            ("delay_seconds", delay_seconds),
            ("reach_seconds", reach_seconds),
            ("ridge", ridge),
            ("longest_seconds", longest_seconds),
            ("memory_seconds", memory_seconds),
        ):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be above 0, got {value}")
        if iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {iterations}")
        if not 0 < share <= 1:
            raise ValueError(f"share must be above 0 and up to 1, got {share}")
        if not (math.isfinite(floor_db) and floor_db <= 0):
            raise ValueError(f"floor_db must be at most 0 dB, got {floor_db}")
        self.frame_seconds, self.delay_seconds, self.reach_seconds = frame_seconds, delay_seconds, reach_seconds
        self.iterations, self.ridge, self.share = iterations, ridge, share
        self.longest_seconds, self.memory_seconds, self.floor_db = longest_seconds, memory_seconds, floor_db

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate; the facts are RT60, and the share of the work that was done, 0 where the sound is as it was."""
        observation, sample_rate = problem.observation, problem.sample_rate
        stft = frame_stft(self.frame_seconds, sample_rate).to(observation.device)
        spec = stft.analysis(observation)  # (channel, n_freq, n_frames)
        hop_seconds = stft.hop_length / sample_rate
        delay = max(1, round(self.delay_seconds / hop_seconds))
        n_taps = max(1, round(self.reach_seconds / hop_seconds))
        rt60, trust = decay_time(spec.abs().double().square(), sample_rate, hop_seconds)
        strength = trust * min(max((rt60 - _DRY_SECONDS) / (_ROOM_SECONDS - _DRY_SECONDS), 0.0), 1.0)
        facts = {"rt60_seconds": round(rt60, 3), "share": round(strength, 3)}
        if strength == 0:
            return observation.clone(), facts
        spec = spec - strength * predicted(spec, n_taps, delay, self.iterations, self.ridge)
        gain = self._gain(spec.abs().double().square(), min(rt60, self.longest_seconds), hop_seconds, delay)
        spec = spec * (1 + strength * (gain - 1)).to(observation)
        return stft.synthesis(spec, observation.shape[-1]), facts

    def _gain(self, power: Tensor, rt60: float, hop_seconds: float, delay: int) -> Tensor:
        """Of what is left, (channel, n_freq, n_frames), float64."""
        late = late_power(power, 10 ** (-6 * hop_seconds / rt60), self.share, delay)
        late = late.clamp(min=1e-8 * float(power.max()) + torch.finfo(power.dtype).tiny)
        (prior,) = two_way_prior_snr(power / late, [math.exp(-hop_seconds / self.memory_seconds)])
        gain = (prior / (1 + prior)).clamp(min=10 ** (self.floor_db / 20))
        beside = [size // 2 for size in _NEAR for _ in range(2)][::-1]  # frames first, as F.pad has it
        padded = F.pad(gain[:, None], beside, mode="replicate")
        return F.avg_pool2d(padded, _NEAR, stride=1)[:, 0]
