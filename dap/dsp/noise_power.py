"""How much noise is in each bin of a spectrogram: told, taken from the lead of a recording, or found without either."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
import math

import torch
from torch import Tensor
import torch.nn.functional as F

from dap.dsp.noise import estimate_noise_std
from dap.dsp.stft import STFT

NOISE_POWERS = ("tracked", "white", "lead", "known")
_PRESENT_SNR = 10**1.5  # 15 dB: a-priori SNR of a bin that holds sound, the optimum in the paper
_MEMORY = 0.95  # weight of the past in the tracked power, per frame; the paper's 0.8 at 16 ms would be 0.9 at 8 ms
_HIGHEST = 2.0  # times its floor, that the tracked power may reach: else dense speech takes it up
FREE_SHARE = 0.25  # of the frames of a bin that are free of sound, at least
_FLOOR_FRAMES = 256  # that a floor is taken from: 2 s of frames 8 ms apart
_FLOOR_BINS = 32  # to each side, that floors are smoothed over: 1 kHz with frames of 32 ms
_SHARE = 0.35  # of these bins lie below what is taken: a little less than half, since sound only adds. Noise alone: −0.2 dB


@dataclass(frozen=True)
class NoisePower:
    """Where the power of the noise comes from.

    Args:
        kind: "tracked": blind, each bin and frame for itself (`tracked_noise_power`); "white": blind, one σ for each channel,
            by `dap.dsp.noise.estimate_noise_std`; "lead": the first ``lead_samples`` are nothing but noise; "known": white
            noise of ``noise_std``.
        noise_std: σ in the waveform's units, for "known" alone.
        lead_samples: for "lead".

    Raises:
        ValueError: an unknown kind, a noise_std below 0 or for another kind, too short a lead.

    >>> stft = STFT(64, 16)
    >>> noise = NoisePower("known").of(torch.zeros(1, 640), stft, noise_std=0.5)
    >>> noise.shape, float(noise[0, 0, 0])                                      # 0.25 · Σ window²
    (torch.Size([1, 33, 41]), 6.0)
    """

    kind: str
    noise_std: float | None = None
    lead_samples: int = 1024

    def __post_init__(self) -> None:
        if self.kind not in NOISE_POWERS:
            raise ValueError(f"noise must be one of {', '.join(NOISE_POWERS)}, got {self.kind!r}")
        if self.noise_std is not None and not (math.isfinite(self.noise_std) and self.noise_std >= 0):
            raise ValueError(f"noise_std must be a finite number, at least 0, or null, got {self.noise_std}")
        if self.noise_std is not None and self.kind != "known":
            raise ValueError(f"noise_std = {self.noise_std} is for noise=known, and noise is {self.kind}")
        if self.lead_samples < 64:
            raise ValueError(f"lead_samples must be at least 64, got {self.lead_samples}")

    def of(self, waveform: Tensor, stft: STFT, noise_std: float | None = None) -> Tensor:
        """Power of the noise in ``stft.analysis(waveform)``.

        Args:
            waveform: (channel, time).
            noise_std: σ for "known" where the settings do not say it.

        Returns:
            (channel, n_freq, n_frames), float64, above 0.

        Raises:
            ValueError: a clip shorter than a frame or than the lead; "known", and nobody knows it.
        """
        shape = stft.analysis(waveform).shape
        if self.kind == "tracked":
            power = tracked_noise_power(waveform, stft)
        elif self.kind == "lead":
            power = lead_noise_power(waveform, stft, self.lead_samples)
        else:
            known = self.noise_std if self.noise_std is not None else noise_std
            if self.kind == "known" and known is None:
                raise ValueError("noise=known needs noise_std, the standard deviation of the noise")
            stds = [estimate_noise_std(channel[None]) if self.kind == "white" else known for channel in waveform]
            std = torch.tensor(stds, dtype=torch.float64, device=waveform.device)[:, None, None]
            power = std.square() * _window_power(stft)
        # Never 0, and so far below the loudest sample that no gain sees it: nothing is divided by 0, at any level.
        least = waveform.abs().max().double().square() * 1e-16 + 1e-200
        return power.maximum(least).expand(shape)


def lead_noise_power(waveform: Tensor, stft: STFT, lead_samples: int) -> Tensor:
    """Mean power of the lead's own frames, shorter ones than the STFT's so that there are some, interpolated to its bins.

    Args:
        waveform: (channel, time), its first ``lead_samples`` without sound.

    Returns:
        (channel, n_freq, 1), float64. Seven frames, half of one apart: it scatters by 2 dB.

    Raises:
        ValueError: the clip is shorter than the lead.
    """
    if waveform.shape[-1] < lead_samples:
        raise ValueError(f"the clip has {waveform.shape[-1]} samples, fewer than lead_samples = {lead_samples}")
    length = min(stft.n_fft, lead_samples // 8 * 2)
    frames = waveform[..., :lead_samples].double().unfold(-1, length, length // 2)  # (channel, n, length)
    window = torch.hann_window(length, dtype=torch.float64, device=waveform.device)
    power = torch.fft.rfft(frames * window).abs().square().mean(-2, keepdim=True)  # (channel, 1, length // 2 + 1)
    power = F.interpolate(power, size=stft.n_fft // 2 + 1, mode="linear", align_corners=True)
    return power.transpose(-1, -2) * _window_power(stft) / window.square().sum()


def tracked_noise_power(waveform: Tensor, stft: STFT, free_share: float = FREE_SHARE) -> Tensor:
    r"""Power of the noise, followed through the clip without anything being told.

    In each frame the power of a bin counts as noise as far as no sound is present; what is said of it else is its floor
    (`noise_floor`), not what it was before, and it is never more than twice that: so a note that is held does not become
    noise by and by.

        p = 1 / (1 + (1 + ξ) exp(−γ ξ / (1 + ξ))), γ = |Y_m|² / N_{m−1}, ξ = 15 dB
        N_m = β N_{m−1} + (1 − β) (p · floor + (1 − p) |Y_m|²)

    The recursion starts from the floor, so that a clip may begin with sound; it runs to the end and from there back, and
    the geometric mean of both ways is what it gives. In stationary noise p cuts the loudest frames off and N would settle
    0.9 dB too low: it is scaled back by what it settles at (`_settled`).

    Speech with σ = 0.1 (LJ001-0001 to -0012, 2 s, peak 1): 0.3 dB too high in the mean, 0.6 dB off in a bin and frame. What
    sounds for the whole clip without a pause, several dB above the noise, still raises it.

    Args:
        waveform: (channel, time).
        free_share: of the frames of a bin, free of sound: for `noise_floor`.

    Returns:
        (channel, n_freq, n_frames), float64.

    Reference: Gerkmann & Hendriks, "Unbiased MMSE-based noise power estimation with low complexity and low tracking
    delay", 2012 (there with p · N_{m−1} instead of the floor, and a start from the first frames).
    """
    power = stft.analysis(waveform).abs().square().double()  # (channel, n_freq, n_frames)
    floor = noise_floor(waveform, stft, free_share) * _settled()
    frames = list(zip(power.unbind(-1), floor.unbind(-1), strict=True))

    def follow(frames: list[tuple[Tensor, Tensor]], noise: Tensor) -> Iterator[Tensor]:
        for power_m, floor_m in frames:
            posterior_snr = power_m / noise.clamp(min=1e-200)
            present = _presence(posterior_snr)
            noise = _MEMORY * noise + (1 - _MEMORY) * (present * floor_m + (1 - present) * power_m)
            noise = noise.minimum(_HIGHEST * floor_m)
            yield noise

    forth = list(follow(frames, floor[..., 0]))
    back = list(follow(frames[::-1], forth[-1]))[::-1]
    return (torch.stack(forth, -1) * torch.stack(back, -1)).sqrt() / _settled()


def noise_floor(waveform: Tensor, stft: STFT, free_share: float = FREE_SHARE) -> Tensor:
    """Power of the noise that is there all the time: a low quantile over 2 s, as far as each bin is free for so long.

    It is smoothed over the neighbouring bins by a quantile, which passes over those that a held note never leaves; for this,
    frames of up to four times the STFT's length tell the partials of a note apart.

    Args:
        waveform: (channel, time).
        free_share: of the frames of a bin, free of sound: the quantile. Of noise that stays as it is each one tells the same;
            the lower, the less of what sounds softly is taken for noise, and of noise that swells for what it is.

    Returns:
        (channel, n_freq, n_frames), float64; linear in between windows of 2 s, half overlapping.

    Reference: Stahl, Fischer & Bippus, "Quantile based noise estimation for spectral subtraction and Wiener filtering",
    ICASSP 2000 (there the median, and no neighbours).
    """
    n_fft, n_samples = stft.n_fft, waveform.shape[-1]
    factor = next((factor for factor in (4, 2) if 4 * factor * n_fft <= n_samples), 1)
    long = STFT(factor * n_fft, factor * stft.hop_length).to(waveform.device)
    power = long.analysis(waveform).abs().square().double()  # (channel, factor · n_fft // 2 + 1, n_long)
    if power.shape[-1] > 8:
        power = power[..., 2:-2]  # the frames at the ends are padded

    n_long = power.shape[-1]
    length = min(n_long, _FLOOR_FRAMES // factor)
    n_windows = max(1, math.ceil(2 * n_long / length) - 1)
    step = (n_long - length) / max(1, n_windows - 1)  # frames from one window to the next
    bins = _neighbours(n_fft // 2 + 1, factor).to(waveform.device)
    floors = []
    for index in range(n_windows):
        window = power[..., round(index * step) : round(index * step) + length]
        low = window.quantile(free_share, dim=-1) / -math.log(1 - free_share)  # (channel, factor · n_fft // 2 + 1)
        floors.append(low[..., bins].quantile(_SHARE, dim=-1))
    floor = torch.stack(floors, -1) * (_window_power(stft) / _window_power(long))  # (channel, n_freq, n_windows)

    frame = torch.arange(math.ceil(n_samples / stft.hop_length) + 1, device=waveform.device) / factor
    position = ((frame - length / 2) / max(1.0, step)).clamp(0, n_windows - 1)  # in windows, between their centres
    after = position.ceil().long()
    share = position - position.floor()
    return floor[..., position.long()].lerp(floor[..., after], share.to(floor))


def _neighbours(n_freq: int, factor: int) -> Tensor:
    """For each bin of the STFT the bins of the longer one around it, fewer different ones near the ends: (n_freq, n)."""
    reach, last = _FLOOR_BINS * factor, (n_freq - 1) * factor
    centre = torch.arange(n_freq).clamp(1, n_freq - 2) * factor  # DC and Nyquist are distributed otherwise
    side = torch.minimum(torch.minimum(centre, last - centre), torch.tensor(reach))  # symmetric: a slope does no harm
    offset = torch.linspace(-1, 1, 2 * reach + 1)
    return (centre[:, None] + (side[:, None] * offset).round()).long()


def _presence(posterior_snr: Tensor) -> Tensor:
    """Probability that a bin of this a-posteriori SNR holds sound, both being as likely before."""
    return 1 / (1 + (1 + _PRESENT_SNR) * torch.exp(-posterior_snr * _PRESENT_SNR / (1 + _PRESENT_SNR)))


@lru_cache
def _settled() -> float:
    """Where the recursion comes to rest in stationary noise of power 1, whose power in a bin is exponentially distributed."""
    power = torch.linspace(0, 40, 4001, dtype=torch.float64)
    low, high = 0.1, 1.0
    for _ in range(40):  # bisection: at rest, what is added is what is there
        middle = (low + high) / 2
        absent = 1 - _presence(power / middle)
        low, high = (middle, high) if (absent * (power - middle) * torch.exp(-power)).sum() > 0 else (low, middle)
    return middle


def _window_power(stft: STFT) -> float:
    """What white noise of power 1 has in each bin."""
    return float(stft.window.square().sum())
