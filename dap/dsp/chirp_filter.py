"""The Wiener filter in frames whose time is warped, so that a gliding pitch stands still and its partials are lines."""

import math

import torch
from torch import Tensor
import torch.nn.functional as F

from dap.dsp.noise_density import NoiseDensity
from dap.dsp.two_way_snr import LOWEST_SNR

WARPS = (-0.2, -0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.2)
_TAPS = 16  # of the windowed sinc that reads between samples
_OVERLAP = 4


class ChirpFilter:
    r"""Each frame in the warp in which a first estimate is sparsest; there ξ is that estimate's power over the noise's.

    A frame of n samples is read at the times t(u) = u + a (u² − ¼), u from −½ to ½: the ends stay, and a pitch that changes by
    the factor (1 − a) / (1 + a) within the frame becomes steady. Of the warps a the one with the least Σ log(1 + ξ) is taken.
    The filtered frame is read back and added to the others, divided by what the windows made of it. Reading between samples
    leaves an error 67 dB below the sound inside a clip, and 26 dB below it within a frame of the ends.

    Args:
        n_fft: samples in a frame, a multiple of 4; frames are a quarter of one apart. They can be longer than without
            warps.
        warps: a, above −1 and below 1; (0,) is an ordinary STFT.

    Raises:
        ValueError: frame or warps out of range.

    Reference: the fan-chirp transform, Weruaga & Képesi, Signal Processing 87, 2007. The choice and the filter are dap's.

    >>> chirp, quiet = ChirpFilter(64), NoiseDensity(torch.tensor([[[1e-9]]]), 16)
    >>> sound = torch.sin(torch.arange(400) / 5)[None]
    >>> restored = chirp(sound, sound, quiet, chirp.choose(sound, quiet))
    >>> restored.shape, bool((restored - sound)[:, 64:-64].abs().max() < 1e-3)   # no noise: nothing is taken away
    (torch.Size([1, 400]), True)
    """

    def __init__(self, n_fft: int, warps: tuple[float, ...] = WARPS) -> None:
        if n_fft < _TAPS or n_fft % _OVERLAP:
            raise ValueError(f"n_fft must be a multiple of {_OVERLAP}, at least {_TAPS} samples, got {n_fft}")
        if not warps or not all(-1 < warp < 1 for warp in warps):
            raise ValueError(f"warps must be numbers above -1 and below 1, got {list(warps)}")
        self.n_fft, self.hop_length, self.warps = n_fft, n_fft // _OVERLAP, warps
        self.window = torch.hann_window(n_fft)
        self._there, self._back = [], []
        for warp in warps:
            u = (torch.arange(n_fft, dtype=torch.float64) + 0.5) / n_fft - 0.5
            times = (u + warp * (u.square() - 0.25) + 0.5) * n_fft - 0.5
            inverse = u if warp == 0 else ((1 + 4 * warp * (u + warp / 4)).sqrt() - 1) / (2 * warp)
            self._there.append(_taps(times, n_fft))
            self._back.append(_taps((inverse + 0.5) * n_fft - 0.5, n_fft))

    def choose(self, pilot: Tensor, noise: NoiseDensity) -> Tensor:
        """The index of each frame's warp, from a first estimate (channel, time): (channel, n_frames)."""
        frames = self._frames(pilot)  # (channel, n_frames, n_fft)
        power = self._noise(noise, frames)
        costs = []
        for taps in self._there:
            spec = torch.fft.rfft(_read(frames, taps) * self.window.to(frames))
            costs.append((1 + spec.abs().square() / power).log().sum(-1))
        return torch.stack(costs).argmin(0)

    def __call__(self, observation: Tensor, pilot: Tensor, noise: NoiseDensity, chosen: Tensor) -> Tensor:
        """The estimate, (channel, time) as the observation.

        Args:
            observation, pilot: (channel, time).
            noise: of the observation.
            chosen: of `choose`, (channel, n_frames).
        """
        frames, pilots = self._frames(observation), self._frames(pilot)
        power = self._noise(noise, frames)
        window = self.window.to(frames)
        filtered, weight = torch.zeros_like(frames), torch.zeros_like(frames)
        for index in range(len(self.warps)):
            here = chosen == index  # (channel, n_frames)
            if not here.any():
                continue
            spec, first = (torch.fft.rfft(_read(part[here], self._there[index]) * window) for part in (frames, pilots))
            prior_snr = (first.abs().square() / power[here]).clamp(min=LOWEST_SNR)
            flat = torch.fft.irfft(prior_snr / (1 + prior_snr) * spec, n=self.n_fft) * window
            filtered[here] = _read(flat, self._back[index])
            weight[here] = _read(window.square()[None], self._back[index])
        total, weights = self._joined(filtered), self._joined(weight)
        start, n_samples = self.n_fft, observation.shape[-1]
        return (total / weights.clamp(min=1e-3))[:, start : start + n_samples]

    def _frames(self, waveform: Tensor) -> Tensor:
        """(channel, n_frames, n_fft), with zeros before and after."""
        padding = self.n_fft, self.n_fft + -waveform.shape[-1] % self.hop_length
        return F.pad(waveform, padding).unfold(-1, self.n_fft, self.hop_length)

    def _noise(self, noise: NoiseDensity, frames: Tensor) -> Tensor:
        """Power of the noise in the frames' spectra, (channel, n_frames, n_freq)."""
        n_early = _OVERLAP // 2  # frames whose centres lie before the first sample
        density = noise.on_grid(self.n_fft // 2 + 1, max(frames.shape[1] - n_early, 1), self.hop_length).transpose(1, 2)
        density = torch.cat([density[:, :1].expand(-1, frames.shape[1] - density.shape[1], -1), density], dim=1)
        return density * self.window.square().sum().to(density)

    def _joined(self, frames: Tensor) -> Tensor:
        """Overlap-add: (channel, n_frames, n_fft) to (channel, time)."""
        length = (frames.shape[1] - 1) * self.hop_length + self.n_fft
        columns = frames.transpose(1, 2)  # (channel, n_fft, n_frames)
        return F.fold(columns, (1, length), (1, self.n_fft), stride=(1, self.hop_length))[:, 0, 0]


def _taps(times: Tensor, n_fft: int) -> tuple[Tensor, Tensor]:
    """Where and how much to read for values at these times (in samples): indices and weights, (tap, time)."""
    offsets = torch.arange(1 - _TAPS // 2, _TAPS // 2 + 1)[:, None]
    index = times.floor().long() + offsets  # (tap, time)
    distance = times - index
    weight = torch.sinc(distance) * torch.cos(math.pi * distance / _TAPS).square()
    inside = (index >= 0) & (index < n_fft)
    return index.clamp(0, n_fft - 1), (weight * inside).float()


def _read(frames: Tensor, taps: tuple[Tensor, Tensor]) -> Tensor:
    """Frames, (..., n_fft), at other times."""
    index, weight = (part.to(frames.device) for part in taps)
    columns = frames.reshape(-1, frames.shape[-1]).T.contiguous()  # (n_fft, frames): whole rows are copied
    read = torch.zeros_like(columns)
    for one, factor in zip(index, weight, strict=True):
        read.addcmul_(columns[one], factor[:, None])
    return read.T.reshape(frames.shape)
