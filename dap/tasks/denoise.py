"""Denoising: what was heard is the sound plus noise, of a colour or from a recording."""

import copy
import math
from pathlib import Path

import torch
from torch import Tensor

from dap.audio.sound_file import read_audio
from dap.dsp.resample import resample
from dap.dsp.signals import NOISES
from dap.tasks.task import Task


class Denoise(Task):
    """observation = reference + noise.

    Args:
        noise_std: σ, in units of full scale after the clip was scaled to ``data.peak``.
        snr_db: the ratio of the clip's power to the noise's instead, in dB.
        spread_db: standard deviation of the noise's level among clips, dB: each draws how much louder or quieter its noise is.
        noise: its colour, one of `dap.dsp.signals.NOISES`; None is white.
        noise_path: a recording of noise instead of a colour. A part of it that the seed chooses is taken, at the clip's
            sample rate and scaled to σ; a recording shorter than the clip is looped, and the facts say so. One of another
            number of channels is mixed down, and the same in every channel.

    Raises:
        ValueError: neither or both of noise_std and snr_db, both of noise and noise_path, a negative noise_std, an unknown
            colour; from `at`, a recording that cannot be read or is silent.

    >>> generator = torch.Generator().manual_seed(0)
    >>> task = Denoise(snr_db=20.0)
    >>> reference = torch.ones(1, 10000)
    >>> round(float((task.degrade(reference, generator) - reference).std()), 2)
    0.1
    """

    name = "denoise"
    identity = True
    local = True

    def __init__(
        self,
        noise_std: float | None = None,
        snr_db: float | None = None,
        noise: str | None = None,
        noise_path: str | None = None,
        spread_db: float = 0.0,
    ) -> None:
        super().__init__()
        if (noise_std is None) == (snr_db is None):
            raise ValueError(f"give one of noise_std and snr_db and set the other to null, got {noise_std} and {snr_db}")
        if noise_std is not None and not (math.isfinite(noise_std) and noise_std >= 0):
            raise ValueError(f"noise_std must be a finite number, at least 0, got {noise_std}")
        if snr_db is not None and not math.isfinite(snr_db):
            raise ValueError(f"snr_db must be a finite number of dB, got {snr_db}")
        if noise is not None and noise_path is not None:
            raise ValueError(f"give one of noise and noise_path, got {noise} and {noise_path}")
        if noise is not None and noise not in NOISES:
            raise ValueError(f"noise must be one of {', '.join(NOISES)} or null, got {noise!r}")
        if not (math.isfinite(spread_db) and spread_db >= 0):
            raise ValueError(f"spread_db must be a finite number of dB, at least 0, got {spread_db}")
        self.noise_std, self.snr_db, self.spread_db = noise_std, snr_db, spread_db
        self.noise, self.noise_path = noise or "white", noise_path
        self.recording: Tensor | None = None  # (channel, time), at the clip's rate

    def at(self, sample_rate: int, n_samples: int, generator: torch.Generator | None) -> Task:
        """Itself, or with a recording of noise: the task that holds it at the clip's rate."""
        if self.noise_path is None or generator is None:
            return self
        recording, rate = read_audio(Path(self.noise_path).expanduser())
        if not recording.any():
            raise ValueError(f"{self.noise_path}: the recording of noise is silent")
        task = copy.copy(self)
        task.recording = resample(recording, rate, sample_rate)
        length = task.recording.shape[-1]
        looped = f", looped: it lasts {length / sample_rate:.3f} s" if length < n_samples else ""
        task.facts = {"noise": f"{self.noise_path}{looped}"}
        return task

    def known_noise_std(self, observation: Tensor) -> float | None:
        """None: nobody who has only a noisy recording knows."""
        return None

    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """The reference, (channel, time), with the noise added."""
        std = self.noise_std
        if self.snr_db is not None:
            std = float(reference.square().mean().sqrt()) * 10 ** (-self.snr_db / 20)
        assert std is not None
        if self.spread_db:
            std *= 10 ** (self.spread_db * float(torch.randn((), generator=generator)) / 20)
        return reference + (std * self._unit_noise(tuple(reference.shape), generator)).to(reference)

    def observe(self, estimate: Tensor) -> Tensor:
        """What of the estimate is compared with the observation: all of it."""
        return estimate

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """The estimate as it is: no sample of a noisy observation is known for certain."""
        return estimate

    def _unit_noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Noise of standard deviation 1."""
        if self.noise_path is None:
            return NOISES[self.noise](shape, generator=generator)
        if self.recording is None:
            raise ValueError("a recording of noise is read for a clip: call at() first")
        recording, n_samples = self.recording, shape[-1]
        length = recording.shape[-1]
        n_starts = length if length < n_samples else length - n_samples + 1
        start = torch.randint(n_starts, (1,), generator=generator)
        part = recording[:, (start + torch.arange(n_samples)) % length]  # (channel, n_samples)
        if len(shape) < 2 or part.shape[0] != shape[-2]:
            part = part.mean(0, keepdim=True)
        rms = part.square().mean().sqrt()
        if rms == 0:
            raise ValueError(f"{self.noise_path}: silent in the part that was taken, from sample {int(start)} on")
        return (part / rms).expand(shape) if len(shape) > 1 else part[0] / rms
