"""Mains hum: 50 or 60 Hz and their harmonics, found blindly."""

import math

import torch
from torch import Tensor
import torch.nn.functional as F

_NOMINAL_HERTZ = (50.0, 60.0)
_WITHIN_HERTZ, _STEP_HERTZ = 0.5, 0.01  # of the mains around them, a tape's speed included: no tempered note lies there
_HIGHEST_HERTZ = 2000.0
_RATE = 4800  # Hz, at which it is looked for
_FRAME_SECONDS, _OVERLAP = 0.5, 4  # in which it is to be steady
_LEAST_SECONDS = 2.0  # of what is shorter nobody can tell
_BESIDE_HERTZ = (4.0, 16.0)  # from a line to where its background is
_LEAST_BACKGROUND = 1e-8  # of the strongest line: what is weaker is its own flank
_CONTRAST = 10**1.2  # 12 dB: a line's power over its background
_SPREAD = 0.3  # of a line's amplitude: so much it may move about in half of the frames
_TRACKED, _LEADING = 12, 4  # so many first lines are tracked; one of so many at least has to be steady
_NOTE = 0.1  # of the strongest line's power the strongest of the first four has at least: else that line is a note's
_LOUDNESS_SECONDS = 0.05  # over which the other sound's power is smoothed
_SIGNIFICANT = 4.0  # times its variance that the power of a line is to be


def hum(waveform: Tensor, sample_rate: int) -> tuple[Tensor, float]:
    """The hum in a waveform, to be subtracted, and its frequency.

    Its fundamental is where the lines of a spectrum over all of the waveform stand out most, within half a hertz of 50 or
    60 Hz; one of the first four is to be steady in half of all frames of 0.5 s. A note moves on, or decays. The phase is a
    parabola over time, since the mains drift. The amplitudes, each constant, are those of least squares with the inverse power
    of what else is heard at the time as weights, so mostly those of pauses, corrected by the median of what is left in frames.

    Args:
        waveform: (channel, time); each channel is on its own.
        sample_rate: Hz.

    Returns:
        (channel, time), zeros where there is none or the waveform is shorter than 2 s; Hz, 0 where there is none.

    >>> time = torch.arange(32000) / 8000
    >>> mains = sum(torch.sin(2 * torch.pi * 50.1 * k * time + k) / k for k in (1, 2, 3))[None] / 10
    >>> found, hertz = hum(torch.sin(2 * torch.pi * 440 * time)[None] + mains, 8000)
    >>> round(hertz, 2), round(float((found - mains).abs().max()), 2)
    (50.1, 0.0)
    >>> hum(torch.sin(2 * torch.pi * 49 * time)[None], 8000)[1]                  # a low G
    0.0
    """
    found = [_of_channel(channel.double(), sample_rate) for channel in waveform]
    hertz = [frequency for _, frequency in found if frequency]
    return torch.stack([made for made, _ in found]).to(waveform), sum(hertz) / max(1, len(hertz))


def _of_channel(waveform: Tensor, sample_rate: int) -> tuple[Tensor, float]:
    """(time,), float64."""
    none = torch.zeros_like(waveform), 0.0
    if len(waveform) < _LEAST_SECONDS * sample_rate or not waveform.any():
        return none
    low, rate = _at_low_rate(waveform, sample_rate)
    found: list[tuple[float, Tensor, Tensor]] = []
    for nominal in _NOMINAL_HERTZ:
        lines = _Lines(low, rate, nominal)
        if lines.found and (phase := lines.tracked()) is not None:
            amplitudes = lines.amplitudes(phase)
            if amplitudes.any():
                found.append((lines.power, phase, amplitudes))
    if not found:
        return none
    _, phase, amplitudes = max(found, key=lambda each: each[0])
    middle = (torch.arange(len(waveform), device=waveform.device, dtype=torch.float64) - len(waveform) / 2) / sample_rate
    made = _sum_of(amplitudes, phase[0] + phase[1] * middle + phase[2] * middle.square())
    return made, float(phase[1]) / (2 * math.pi)


class _Lines:
    """The harmonics of one nominal frequency in a waveform, (time,), float64.

    Attributes:
        found: whether a family of lines stands out that may be the mains'.
        power: of those that are steady, once they were tracked.
    """

    def __init__(self, waveform: Tensor, rate: int, nominal: float) -> None:
        self.waveform, self.rate, n_samples = waveform, rate, len(waveform)
        self.n_lines = int(min(_HIGHEST_HERTZ, 0.42 * rate) // (nominal + _WITHIN_HERTZ))
        self.order = torch.arange(1, self.n_lines + 1, device=waveform.device, dtype=torch.float64)
        self.time = (torch.arange(n_samples, device=waveform.device, dtype=torch.float64) - n_samples / 2) / rate
        n_fft = 2 ** math.ceil(math.log2(4 * n_samples))
        window = torch.hann_window(n_samples, device=waveform.device, dtype=torch.float64)
        power = torch.fft.rfft(waveform * window, n=n_fft).abs().square()

        def at(hertz: Tensor) -> Tensor:
            found: Tensor = power[(hertz * n_fft / rate).round().long()]
            return found

        n_steps = round(_WITHIN_HERTZ / _STEP_HERTZ)
        candidates = nominal + _STEP_HERTZ * torch.arange(-n_steps, n_steps + 1, device=waveform.device, dtype=torch.float64)
        beside = torch.arange(*_BESIDE_HERTZ, 0.5, device=waveform.device, dtype=torch.float64)
        beside = torch.cat([-beside, beside])
        least = _LEAST_BACKGROUND * float(power.max())
        background = at(self.order[:, None] * nominal + beside).median(-1).values.clamp(min=least)  # (line,)
        contrast = at(candidates[:, None] * self.order) / background  # (candidate, line)
        best = int(torch.log1p(contrast / _CONTRAST).sum(-1).argmax())
        self.found = 0 < best < 2 * n_steps  # at an end it is the flank of something else
        self.contrast, self.hertz, self.power = contrast[best], float(candidates[best]), 0.0

    def tracked(self) -> Tensor | None:
        """The phase, (3,), of 1, t and t², t in s from the middle; None where no line is steady."""
        phase = torch.tensor([0.0, 2 * math.pi * self.hertz, 0.0], device=self.time.device, dtype=torch.float64)
        for n_terms, spread_allowed in ((2, 1.0), (3, 0.5), (3, 0.5)):
            amplitude, center, spread = self._in_frames(self.waveform, phase, _TRACKED)
            order = self.order[: len(spread)]
            usable = (spread < spread_allowed) & (self.contrast[: len(spread)] > _CONTRAST)
            if not usable.any():
                return None
            angle = (amplitude * center.conj()[:, None]).angle() / order[:, None]  # of the fundamental, (line, frame)
            stray = (amplitude - center[:, None]).abs() / (_SPREAD * center.abs()[:, None])
            weight = ((order / spread.clamp(min=0.02)).square() * usable)[:, None] / (1 + stray**4)
            total = weight.sum(0).clamp(min=1e-30)
            powers = self._middles(amplitude.shape[1])[:, None] ** torch.arange(n_terms, device=phase.device)
            root = total.sqrt()[:, None]
            fitted = torch.linalg.lstsq(powers * root, (weight * angle).sum(0)[:, None] / root).solution[1:, 0]
            phase[1:n_terms] += fitted
        _, center, spread = self._in_frames(self.waveform, phase, _TRACKED)
        steady = (spread < _SPREAD) & (self.contrast[: len(spread)] > _CONTRAST)
        self.power = float((center.abs().square() * steady).sum())
        return phase if steady[:_LEADING].any() else None

    def amplitudes(self, phase: Tensor) -> Tensor:
        """The complex amplitude of each line, 0 where it is not significant or louder than all of the first four.

        Where these have less than half of the power it is a note that is no hum, and all are 0.
        """
        track = self._track(phase)
        amplitude, variance = self._weighted_least_squares(track)
        left = self.waveform - _sum_of(amplitude, track)
        frames, center, spread = self._in_frames(left, phase, self.n_lines)
        n_apart = (frames.shape[1] + _OVERLAP - 1) / _OVERLAP  # frames that do not overlap
        of_center = (spread * center.abs() / 0.83).square() / n_apart  # of a complex Gaussian the median is 0.83 σ
        amplitude = amplitude + center * (1 - 2 * of_center / center.abs().square().clamp(min=1e-30)).clamp(min=0)
        share = 1 - _SIGNIFICANT * torch.minimum(variance, of_center) / amplitude.abs().square().clamp(min=1e-30)
        made = amplitude * share.clamp(min=0)
        power = made.abs().square()
        own = power <= power[:_LEADING].max()
        leads = 2 * power[:_LEADING].sum() >= (power * own).sum() and power[:_LEADING].max() > _NOTE * power.max()
        return made * own if leads else torch.zeros_like(made)

    def _weighted_least_squares(self, track: Tensor) -> tuple[Tensor, Tensor]:
        """Amplitudes, (line,), and their variance, of weights that are made from what is left."""
        turned = torch.polar(torch.ones_like(track), track)[:, None] ** self.order
        columns = torch.stack([turned.real, -turned.imag], -1).flatten(1)  # (time, 2 · line)
        length = 2 * round(_LOUDNESS_SECONDS * self.rate / 2) + 1
        window = torch.hann_window(length, device=track.device, dtype=track.dtype)
        left = self.waveform
        for _ in range(4):
            power = F.conv1d(left.square()[None, None], (window / window.sum())[None, None], padding=length // 2)[0, 0]
            weight = 1 / (power + 1e-4 * power.mean() + 1e-30)
            weighted = columns * weight[:, None]
            gram = weighted.T @ columns
            gram.diagonal().add_(1e-9 * gram.diagonal().mean())
            solution = torch.linalg.solve(gram, weighted.T @ self.waveform)
            left = self.waveform - columns @ solution
        variance = torch.linalg.inv(gram).diagonal()
        return torch.complex(solution[0::2], solution[1::2]), variance[0::2] + variance[1::2]

    def _in_frames(self, waveform: Tensor, phase: Tensor, n_lines: int) -> tuple[Tensor, Tensor, Tensor]:
        """The complex amplitude of the first lines in each frame, (line, frame); center and spread, (line,)."""
        length = round(_FRAME_SECONDS * self.rate)
        window = torch.hann_window(length, device=waveform.device, dtype=torch.float64)
        back = torch.polar(torch.ones_like(waveform), -self._track(phase))
        turned = waveform.to(back.dtype)
        made = []
        for _ in range(min(n_lines, self.n_lines)):
            turned = turned * back
            made.append(turned.unfold(-1, length, length // _OVERLAP) @ (2 * window / window.sum()).to(back.dtype))
        amplitude = torch.stack(made)
        center = torch.complex(amplitude.real.median(-1).values, amplitude.imag.median(-1).values)
        for _ in range(8):  # reweighted, as outliers are sound
            away = (amplitude - center[:, None]).abs()
            weight = (1 + (away / away.median(-1, keepdim=True).values.clamp(min=1e-12)).square()).square().reciprocal()
            center = (weight * amplitude).sum(-1) / weight.sum(-1)
        spread = (amplitude - center[:, None]).abs().median(-1).values / center.abs().clamp(min=1e-12)
        return amplitude, center, spread

    def _middles(self, n_frames: int) -> Tensor:
        length = round(_FRAME_SECONDS * self.rate)
        frame = torch.arange(n_frames, device=self.time.device, dtype=torch.float64)
        return (frame * (length // _OVERLAP) + length / 2 - len(self.waveform) / 2) / self.rate

    def _track(self, phase: Tensor) -> Tensor:
        """The fundamental's phase at each sample."""
        track: Tensor = phase[0] + phase[1] * self.time + phase[2] * self.time.square()
        return track


def _sum_of(amplitudes: Tensor, track: Tensor) -> Tensor:
    """Σ Re a_k exp(j k φ), (time,)."""
    turn = torch.polar(torch.ones_like(track), track)
    total, turned = torch.zeros_like(track), torch.ones_like(turn)
    for amplitude in amplitudes:
        turned = turned * turn
        total += (amplitude * turned).real
    return total


def _at_low_rate(waveform: Tensor, sample_rate: int) -> tuple[Tensor, int]:
    """What lies below the highest harmonics, with an amplitude that is theirs, and its rate."""
    if sample_rate <= _RATE:
        return waveform, sample_rate
    n_samples = round(len(waveform) * _RATE / sample_rate)
    kept = torch.fft.rfft(waveform)[: n_samples // 2 + 1]
    place = torch.linspace(0, 1, len(kept), device=waveform.device, dtype=torch.float64)
    fade = ((1 - place) / 0.1).clamp(max=1)  # the upper tenth
    return torch.fft.irfft(kept * fade, n=n_samples) * (n_samples / len(waveform)), _RATE
