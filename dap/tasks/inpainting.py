"""Inpainting: parts of the sound are missing, and it is known which."""

import copy
import math

import torch
from torch import Tensor

from dap.audio.mask_file import read_mask
from dap.dsp.masks import (
    columns_mask,
    fade_from_gaps,
    gaps_mask,
    missing_columns_mask,
    missing_samples_mask,
    random_gaps_mask,
    runs_of,
)
from dap.dsp.stft import STFT
from dap.dsp.word_length import sample_error
from dap.tasks.task import Task

MAX_FADE_SECONDS = 60
_TOLERATED = 0.03  # of the sound's RMS: the rounding of a sample, after it was divided by its factor


class Inpainting(Task):
    """observation = mask · reference, with one mask for all channels: 1 = observed, 0 = missing.

    A factor between 0 and 1 is known, so what was multiplied by it is known too: `posed` divides by it, wherever the rounding
    of the observation's samples, so enlarged, stays 30 dB below the sound; what is left is missing. Methods meet the task so.
    `finish` pastes what is known back,

        w · observation / mask + (1 − w) · estimate,

    where w is 0 in the gaps and rises to 1 within ``fade_seconds`` outside of them (`dap.dsp.masks.fade_from_gaps`): so no
    click, and outside of the fades every sample is the observed one, bit for bit. Without a fade it is idempotent; with one,
    finishing again brings the fades, and nothing else, nearer to the observation, by at most a quarter of the difference.

    Args:
        gaps: [start, end] of each gap, s.
        n_gaps: gaps at random places instead, of ``gap_seconds`` or ``gap_columns`` each; if none of gaps, n_gaps,
            missing_share and mask_path is given, 4.
        gap_seconds: their length, s; None is 0.05.
        gap_columns: their length in columns of the STFT (Hann) of n_fft and hop_length instead. The sound fades within the
            outermost frames, as the inverse STFT of what is left does (DPAI, Miotello et al., 2023: 2 to 6 of 2048 / 512).
        n_fft, hop_length: of that STFT, samples.
        apart_seconds: at least so much is observed between two of the n_gaps gaps, and before the first and after the last, s;
            None is one sample.
        missing_share: instead, this share of single samples is missing, at random.
        mask_path: instead, a sound file of one channel, of 0 and 1, or an .npy or .mat file (time,) of factors from 0 to 1, as
            long as the clip; with gap_columns an .npy or .mat file of 0 and 1 for each column, in gaps of that many.
        fade_seconds: length of the cross-fade, s.

    Raises:
        ValueError: more than one kind of gap, or values out of range; from `at`, gaps that do not fit the clip, nothing left
            to observe, a mask of another length, or gaps that are to be drawn where the clip is damaged already.
    """

    name = "inpainting"
    local = True

    def __init__(
        self,
        gaps: list[list[float]] | None = None,
        n_gaps: int | None = None,
        gap_seconds: float | None = None,
        gap_columns: int | None = None,
        n_fft: int = 2048,
        hop_length: int = 512,
        apart_seconds: float | None = None,
        missing_share: float | None = None,
        mask_path: str | None = None,
        fade_seconds: float = 0.002,
    ) -> None:
        super().__init__()
        kinds = {"gaps": gaps, "n_gaps": n_gaps, "missing_share": missing_share, "mask_path": mask_path}
        given = [kind for kind, value in kinds.items() if value is not None]
        if len(given) > 1:
            raise ValueError(f"give one of {', '.join(kinds)}, got {' and '.join(given)}")
        if gaps is not None and not (gaps and all(len(gap) == 2 for gap in gaps)):
            raise ValueError(f"gaps must be a list of [start, end] in s, got {gaps}")
        if n_gaps is not None and n_gaps < 1:
            raise ValueError(f"n_gaps must be at least 1, got {n_gaps}")
        if gap_seconds is not None and gap_columns is not None:
            raise ValueError(f"give one of gap_seconds and gap_columns, got {gap_seconds} and {gap_columns}")
        if given not in ([], ["n_gaps"]) and (gap_seconds is not None or (gap_columns is not None and mask_path is None)):
            raise ValueError(f"gap_seconds and gap_columns are the length of n_gaps gaps, and {given[0]} is given")
        if apart_seconds is not None and not (math.isfinite(apart_seconds) and apart_seconds > 0):
            raise ValueError(f"apart_seconds must be above 0 s, got {apart_seconds}")
        if apart_seconds is not None and (given not in ([], ["n_gaps"]) or gap_columns is not None):
            raise ValueError("apart_seconds is between n_gaps gaps of gap_seconds, and these gaps are others")
        if gap_seconds is not None and not (math.isfinite(gap_seconds) and gap_seconds > 0):
            raise ValueError(f"gap_seconds must be above 0 s, got {gap_seconds}")
        if gap_columns is not None and gap_columns < 1:
            raise ValueError(f"gap_columns must be at least 1, got {gap_columns}")
        if missing_share is not None and not 0 < missing_share < 1:
            raise ValueError(f"missing_share must be between 0 and 1, got {missing_share}")
        if not 0 <= fade_seconds <= MAX_FADE_SECONDS:
            raise ValueError(f"fade_seconds must be from 0 to {MAX_FADE_SECONDS} s, got {fade_seconds}")
        self.gaps, self.n_gaps, self.missing_share, self.mask_path = gaps, n_gaps or 4, missing_share, mask_path
        self.gap_seconds, self.gap_columns = 0.05 if gap_seconds is None else gap_seconds, gap_columns
        self.stft, self.apart_seconds = STFT(n_fft, hop_length), apart_seconds
        self.fade_seconds = fade_seconds
        self.mask: Tensor | None = None  # (time,), of the clip; and the observation's weight in finish
        self.weight: Tensor | None = None
        self.n_faded = 0  # samples

    def receive(self, damaged: Tensor, sample_rate: int) -> tuple[Tensor, int]:
        """The damaged sound, (channel, time), silent where it is known to be missing, whatever stands there."""
        mask = self._make_mask(sample_rate, damaged.shape[-1], None)
        return damaged.where(mask > 0, 0.0), sample_rate

    def at(self, sample_rate: int, n_samples: int, generator: torch.Generator | None) -> Task:
        """The task that knows the clip's mask."""
        mask = self._make_mask(sample_rate, n_samples, generator)
        n_missing = int((mask < 1).sum())
        if not mask.any():
            raise ValueError(f"the gaps cover the whole clip of {n_samples / sample_rate:.3f} s: nothing is left to observe")
        task = copy.copy(self)
        task.n_faded = round(self.fade_seconds * sample_rate)
        task.mask, task.weight, task.missing = mask, fade_from_gaps(mask, task.n_faded), mask < 1
        task.facts = {"missing_seconds": n_missing / sample_rate}
        return task

    def without(self, hidden: Tensor) -> "Inpainting":
        """The task of a clip whose samples ``hidden``, (time,), True, are missing too; beside these nothing fades."""
        mask, weight = (self._fitting(each, hidden.float()).where(~hidden, 0.0) for each in (self.mask, self.weight))
        task = copy.copy(self)
        task.mask, task.weight, task.missing = mask, weight, mask < 1
        return task

    def part(self, start: int, stop: int) -> "Inpainting":
        """The task of the clip's samples from ``start`` up to ``stop``."""
        if self.mask is None or self.weight is None or self.missing is None:
            raise ValueError("where the gaps are depends on the clip: call at() first")
        task = copy.copy(self)
        task.mask, task.weight, task.missing = (each[start:stop] for each in (self.mask, self.weight, self.missing))
        return task

    def posed(self, observation: Tensor) -> "tuple[Inpainting, Tensor]":
        """The task whose gaps are what the observation does not tell of, and the sound as it is known elsewhere.

        Where the observation is off by a standard deviation e, and the sound's RMS is r, a factor is used from e / (0.03 r) on.
        """
        mask = self._fitting(self.mask, observation)
        if ((mask == 0) | (mask == 1)).all():
            return self, observation
        rms = float(observation.double().square().mean().sqrt())
        known = mask * rms * _TOLERATED > sample_error(observation)
        task = copy.copy(self)
        task.missing = ~known.cpu()
        task.mask = known.cpu().float()
        task.weight = fade_from_gaps(task.mask, self.n_faded)
        return task, (observation / mask).where(known, 0.0)

    def degrade(self, reference: Tensor, generator: torch.Generator) -> Tensor:
        """What is observed of the reference, (channel, time); the mask was drawn by `at`."""
        return self.observe(reference)

    def observe(self, estimate: Tensor) -> Tensor:
        """What of the estimate is compared with the observation: mask · estimate."""
        return self._fitting(self.mask, estimate) * estimate

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        """What is known, and the estimate where it is missing, cross-faded outside the gaps."""
        task, known = self.posed(observation)
        weight = task._fitting(task.weight, estimate)
        return estimate.lerp(known, weight)  # exact where the weight is 0 or 1

    def _fitting(self, mask: Tensor | None, waveform: Tensor) -> Tensor:
        if mask is None:
            raise ValueError("where the gaps are depends on the clip: call at() first")
        if mask.shape[-1] != waveform.shape[-1]:
            raise ValueError(f"the gaps are those of a clip of {mask.shape[-1]} samples, got one of {waveform.shape[-1]}")
        return mask.to(waveform)

    def _make_mask(self, sample_rate: int, n_samples: int, generator: torch.Generator | None) -> Tensor:
        if self.gaps is not None:
            for start, end in self.gaps:
                if not 0 <= start < end <= n_samples / sample_rate:
                    raise ValueError(f"gap [{start}, {end}] s is not inside the clip of {n_samples / sample_rate:.3f} s")
            return gaps_mask([(round(start * sample_rate), round(end * sample_rate)) for start, end in self.gaps], n_samples)
        if self.mask_path is not None:
            return self._read_mask(self.mask_path, n_samples)
        if generator is None:
            raise ValueError("where a clip is damaged already its gaps cannot be drawn: give gaps or mask_path")
        if self.missing_share is not None:
            return missing_samples_mask(self.missing_share, n_samples, generator)
        if self.gap_columns is not None:
            return missing_columns_mask(self.n_gaps, self.gap_columns, self.stft, n_samples, generator)
        gap, apart = (max(1, round(seconds * sample_rate)) for seconds in (self.gap_seconds, self.apart_seconds or 0.0))
        return random_gaps_mask(self.n_gaps, gap, n_samples, generator, apart)

    def _read_mask(self, path: str, n_samples: int) -> Tensor:
        if self.gap_columns is None:
            return read_mask(path, n_samples)
        mask = read_mask(path)
        lengths = {last - first for first, last in runs_of(mask == 0)}
        if lengths != {self.gap_columns} or not ((mask == 0) | (mask == 1)).all():
            raise ValueError(f"{path}: gap_columns={self.gap_columns}, but its gaps are of {sorted(lengths)} columns")
        try:
            return columns_mask(mask, self.stft, n_samples)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
