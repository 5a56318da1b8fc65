"""How much noise a recording holds in each bin and frame, found blindly, on whatever grid it is asked for."""

from dataclasses import dataclass

import torch
from torch import Tensor
import torch.nn.functional as F

from dap.dsp.noise import estimate_noise_std
from dap.dsp.noise_power import noise_floor, tracked_noise_power
from dap.dsp.stft import STFT

# Of the bins with a floor within 1 dB of the lowest, from which on noise may be white: 0.25 and more with white noise of
# σ = 0.003 to 0.1 in clips of peak 1, below 0.07 in recordings of rain, machines, rooms; but 0.3 in pink noise alone.
WHITE_SHARE = 0.2
WHITE_SLOPE = 2.4  # dB an octave, in these bins: less is white; 0 to 2.1 (once 2.9) there, 2.6 to 5 in pink noise
_CLEAN = 10**-2  # times the recording's power, below which what was tracked may well be sound that is soft: a second look
_RARE_SHARE = 0.05  # of the frames of a bin, free of sound, at least, in that look
_LOWEST = 0.1  # quantile of the floors that stands for the lowest
_SILENT_SNR = 0.04  # a-priori SNR up to which a bin holds noise alone
_AROUND = (5, 17)  # bins and frames that it is averaged over: by one bin alone those would be taken that have little noise
_SILENT_SHARE = 0.02  # of the bins, at least, before they are asked about the noise


@dataclass(frozen=True)
class NoiseDensity:
    """Power of the noise per sample: a value v in a bin says that white noise of variance v has as much there.

    Args:
        density: (channel, n_freq, n_frames), above 0; (channel, 1, 1) is white and stationary.
        hop_length: samples from one of its frames to the next.

    >>> white = NoiseDensity(torch.tensor([[[0.25]]]), 1)
    >>> float(white.power(STFT(64, 16), n_frames=3)[0, 0, 0])                    # 0.25 · Σ window²
    6.0
    """

    density: Tensor
    hop_length: int

    @property
    def white(self) -> bool:
        """Whether it is white and stationary."""
        return self.density.shape[1:] == (1, 1)

    def power(self, stft: STFT, n_frames: int) -> Tensor:
        """What the noise has in each bin of this STFT, (channel, n_freq, n_frames)."""
        return self.on_grid(stft.n_fft // 2 + 1, n_frames, stft.hop_length) * stft.window.square().sum().to(self.density)

    def on_grid(self, n_freq: int, n_frames: int, hop_length: int) -> Tensor:
        """The density of frames so many samples apart, the first one centred on the first sample: linear in between."""
        if self.white:
            return self.density.expand(-1, n_freq, n_frames)
        n_own = self.density.shape[-1]
        rows = F.interpolate(self.density.transpose(1, 2), size=n_freq, mode="linear", align_corners=True)
        place = (torch.arange(n_frames, device=rows.device) * hop_length / self.hop_length).clamp(max=n_own - 1)
        before = place.long()
        share = (place - before).to(rows)[:, None]
        after = (before + 1).clamp(max=n_own - 1)
        return (rows[:, before] + share * (rows[:, after] - rows[:, before])).transpose(1, 2)

    def draw(self, n_samples: int, generator: torch.Generator) -> Tensor:
        """Gaussian noise of this density, (channel, n_samples)."""
        noise = torch.randn((len(self.density), n_samples), generator=generator).to(self.density)
        if self.white:
            return self.density[..., 0].sqrt() * noise
        stft = STFT(4 * self.hop_length, self.hop_length).to(noise.device)
        spec = stft.analysis(noise)  # (channel, n_freq, n_frames)
        return stft.synthesis(spec * self.on_grid(spec.shape[-2], spec.shape[-1], self.hop_length).sqrt(), n_samples)

    def refined(self, observation: Tensor, estimate: Tensor, stft: STFT) -> "NoiseDensity":
        """The level corrected by what a first estimate leaves alone: bins without sound hold noise, and all of it.

        One factor a channel, within 1.5 dB; where too few bins are without sound, none.

        Args:
            observation, estimate: (channel, time).
        """
        spec = stft.analysis(observation)
        noise = self.power(stft, spec.shape[-1])
        sound = (stft.analysis(estimate).abs().square() / noise)[:, None]
        around = (_AROUND[0] // 2, _AROUND[1] // 2)
        silent = F.avg_pool2d(sound, _AROUND, 1, around, count_include_pad=False)[:, 0] < _SILENT_SNR
        ratio = (spec.abs().square() * silent).sum((1, 2)) / (noise * silent).sum((1, 2)).clamp(min=1e-30)
        enough = silent.float().mean((1, 2)) > _SILENT_SHARE
        factor = torch.where(enough, ratio.clamp(10**-0.15, 10**0.15), 1.0)
        return NoiseDensity(self.density * factor[:, None, None], self.hop_length)


def blind_noise_density(waveform: Tensor, stft: STFT, noise_std: float | None = None) -> NoiseDensity:
    """The noise of a recording about which nothing is told.

    Each channel's floor is looked at: where many bins, high and low, have the lowest one the noise is taken for white (the
    others are never without sound), and one number is estimated a channel; else it is tracked, in each bin and frame, and with
    more caution in a recording that is nearly clean, where soft sound passes for noise.

    Args:
        waveform: (channel, time).
        stft: frames of about 32 ms, a quarter of one apart.
        noise_std: of white noise, where somebody does know.

    Raises:
        ValueError: the clip is shorter than a frame, or a frame too short to tell frequencies apart.

    >>> noise = 0.1 * torch.randn(1, 16000, generator=torch.Generator().manual_seed(0))
    >>> found = blind_noise_density(noise, STFT(512, 128))
    >>> found.white, round(float(found.density.sqrt()), 2)                        # half a dB low, until it is `refined`
    (True, 0.09)
    >>> found.refined(noise, 0.01 * noise, STFT(512, 128)).density.sqrt().round(decimals=2)
    tensor([[[0.1000]]])
    """
    # Never 0, and so far below the loudest sample that no gain sees it.
    least = waveform.abs().max().square() * 1e-12 + 1e-30
    if noise_std is not None:
        known = torch.full((len(waveform), 1, 1), noise_std**2, device=waveform.device, dtype=waveform.dtype)
        return NoiseDensity(known.maximum(least), stft.hop_length)
    if stft.n_fft < 8:
        raise ValueError(
            f"the noise cannot be found in frames of {stft.n_fft} samples, expected at least 8: the rate is too low"
        )
    per_sample = float(stft.window.square().sum())
    floor = noise_floor(waveform, stft).mean(-1)[:, 2:-2]  # DC and Nyquist are distributed otherwise
    if _is_white(floor):
        stds = torch.tensor([estimate_noise_std(channel[None]) for channel in waveform]).to(waveform)
        return NoiseDensity(stds.square()[:, None, None].maximum(least), stft.hop_length)
    tracked = tracked_noise_power(waveform, stft) / per_sample
    if tracked.mean() < _CLEAN * waveform.square().mean():
        tracked = tracked_noise_power(waveform, stft, _RARE_SHARE) / per_sample
    return NoiseDensity(tracked.to(waveform).maximum(least), stft.hop_length)


def _is_white(floor: Tensor) -> bool:
    """Whether in each channel many bins, all over the spectrum, have the lowest floor: (channel, bin), of bins 2 and up."""
    floor_db = 10 * floor.clamp(min=1e-300).log10()
    octave = torch.arange(2, floor.shape[-1] + 2, device=floor.device, dtype=floor.dtype).log2()
    for channel in floor_db:
        low = (channel - channel.quantile(_LOWEST)).abs() < 1
        if not low.double().mean() > WHITE_SHARE:
            return False
        place, level = octave[low] - octave[low].mean(), channel[low]
        slope = (place * level).sum() / place.square().sum().clamp(min=1e-12)
        if abs(float(slope)) > WHITE_SLOPE:
            return False
    return True
