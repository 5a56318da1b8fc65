"""What the denoisers that weigh a spectrogram by the noise in it have in common."""

from abc import abstractmethod
import math

from torch import Tensor

from dap.dsp.noise_power import NoisePower
from dap.dsp.stft import STFT
from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.task import NOISY


def check_frame_seconds(frame_seconds: float) -> None:
    """ValueError where it is no length of a frame at any rate."""
    if not (math.isfinite(frame_seconds) and frame_seconds > 0):
        raise ValueError(f"frame_seconds must be above 0 s, got {frame_seconds}")


def frame_stft(frame_seconds: float, sample_rate: int) -> STFT:
    """The Hann STFT of frames so long, a quarter of a frame apart; its inverse gives the waveform back.

    Raises:
        ValueError: frames of less than four samples, or not above 0 s.

    >>> frame_stft(0.032, 22050).n_fft, frame_stft(0.032, 22050).hop_length
    (704, 176)
    """
    check_frame_seconds(frame_seconds)
    hop_length = round(frame_seconds * sample_rate / 4)
    if hop_length < 1:
        raise ValueError(f"frame_seconds must be at least four samples at {sample_rate} Hz, got {frame_seconds}")
    return STFT(4 * hop_length, hop_length, phase="frame")


class SpectralFilter(OneShot):
    """estimate = inverse STFT of gain · STFT of the observation; each channel by itself, the phase is the observation's.

    Args:
        noise, noise_std, lead_samples: see `dap.dsp.noise_power.NoisePower`; with "known" and no noise_std, what the task
            knows is taken (quantisation: its cells).
        frame_seconds: length of the Hann frames, a quarter of one apart: longer ones tell partials apart, shorter ones
            smear onsets less.

    Raises:
        ValueError: settings out of range.
    """

    tasks = NOISY

    def __init__(self, noise: str, noise_std: float | None, lead_samples: int, frame_seconds: float) -> None:
        super().__init__()
        check_frame_seconds(frame_seconds)
        self.noise, self.frame_seconds = NoisePower(noise, noise_std, lead_samples), frame_seconds

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The estimate, (channel, time), and the facts.

        Raises:
            ValueError: a clip shorter than a frame or the lead, a noise that nobody knows.
        """
        observation, task, sample_rate = problem.observation, problem.task, problem.sample_rate
        stft = frame_stft(self.frame_seconds, sample_rate).to(observation.device)
        spec = stft.analysis(observation)  # (channel, n_freq, n_frames)
        noise = self.noise.of(observation, stft, task.known_noise_std(observation))
        noise_std = math.sqrt(float(noise.mean() / stft.window.square().sum()))
        gain = self.gain(spec.abs().double().square(), noise)
        estimate = stft.synthesis(spec * gain.to(observation), observation.shape[-1])
        return estimate, {"noise_power": self.noise.kind, "noise_std": noise_std}

    @abstractmethod
    def gain(self, power: Tensor, noise: Tensor) -> Tensor:
        """What the STFT is multiplied with, from the powers of observation and noise: (channel, n_freq, n_frames), float64."""
