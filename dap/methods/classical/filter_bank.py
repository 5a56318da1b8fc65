"""Many classical filters at once, weighed by an unbiased estimate of what each does wrong: the classical part of restore."""

import math

import torch
from torch import Tensor

from dap.dsp.chirp_filter import ChirpFilter
from dap.dsp.least_risk import least_risk_weights
from dap.dsp.noise_density import NoiseDensity, blind_noise_density
from dap.dsp.spectral_gain import DecisionDirected, log_mmse_gain
from dap.dsp.stft import STFT
from dap.dsp.two_way_snr import LOWEST_SNR, two_way_prior_snr
from dap.methods.classical.spectral_filter import frame_stft
from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem
from dap.tasks.task import NOISY

_NOISE_SECONDS = 0.032  # frames that the noise is looked for in
STEP = 0.02  # ε of the derivative, relative to the noise
_PROBE = 1_592_653_589  # added to the seed: a probe that is the very noise of the clip, drawn from the same seed, says nothing
_LOG_ALPHA, _LOG_MEMORY_SECONDS = (
    0.98,
    0.35,
)  # of the log-spectral estimates: docs/restore.md
_MULTIPLE = 4  # of the chirp filter's frames, samples


class FilterBank(OneShot):
    """Wiener filters of several frame lengths and memories, then in warped time, mixed as Stein's risk says is best.

    Blind. The noise is found first (`dap.dsp.noise_density`). The a-priori SNR of each filter is decision-directed, forth and
    back (`dap.dsp.two_way_snr`); their best mixture (`dap.dsp.least_risk`) is the pilot, whose power is the a-priori SNR of
    filters whose frames follow a gliding pitch (`dap.dsp.chirp_filter`); and all of these are mixed once more. Where the noise
    is not white the mean of the mixture and two log-spectral estimates is taken, which sound better and err elsewhere. Channels
    are turned to their principal axes before, and back after: what is alike in them is restored together.

    Args:
        frame_seconds: lengths of the first filters' frames.
        memory_seconds: how long each filter's decisions last, in each frame length.
        chirp_seconds: lengths of the warped frames; [] leaves them out.
        ridge: how strongly the weights are drawn to the plain mean of the filters, relative to the noise's energy.
        coloured_ridge: the same where the noise is not white: it is not Gaussian either, and its power is known less well.
        coloured_frame_seconds: frames where it is not white: it is known in frames of 32 ms alone.
        refine: whether the noise's level is looked for again in what the pilot leaves silent.
        noise_std: σ of white noise, where it is known; None finds it.
        seed: of the probe by which the risk is estimated.

    Raises:
        ValueError: settings out of range; from `restore`, a clip shorter than the shortest frame.

    >>> from dap.methods.problem import Problem
    >>> from dap.metrics.distortion import si_sdr
    >>> from dap.tasks.denoise import Denoise
    >>> tone = torch.sin(torch.arange(16000) / 8)[None]
    >>> noisy = tone + 0.1 * torch.randn(1, 16000, generator=torch.Generator().manual_seed(0))
    >>> restored = next(FilterBank().restore(Problem(noisy, Denoise(noise_std=0.1), 16000))).estimate
    >>> round(si_sdr(noisy, tone)), si_sdr(restored, tone) > 30
    (17, True)
    """

    tasks = NOISY

    def __init__(
        self,
        frame_seconds: tuple[float, ...] = (0.016, 0.032, 0.064, 0.128),
        memory_seconds: tuple[float, ...] = (0.12, 0.35),
        chirp_seconds: tuple[float, ...] = (0.048, 0.096),
        ridge: float = 1e-3,
        coloured_ridge: float = 1.0,
        coloured_frame_seconds: tuple[float, ...] = (0.032,),
        refine: bool = True,
        noise_std: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        needed = {
            "frame_seconds": frame_seconds,
            "coloured_frame_seconds": coloured_frame_seconds,
            "memory_seconds": memory_seconds,
        }
        for name, values in needed.items():
            if not values:
                raise ValueError(f"{name} must name at least one length, got none")
        for name, values in {**needed, "chirp_seconds": chirp_seconds}.items():
            if not all(math.isfinite(value) and value > 0 for value in values):
                raise ValueError(f"{name} must be above 0 s, got {list(values)}")
        for name, value in (("ridge", ridge), ("coloured_ridge", coloured_ridge)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be above 0, got {value}")
        if noise_std is not None and not (math.isfinite(noise_std) and noise_std >= 0):
            raise ValueError(f"noise_std must be a finite number, at least 0, or null, got {noise_std}")
        self.frame_seconds, self.coloured_frame_seconds = tuple(frame_seconds), tuple(coloured_frame_seconds)
        self.memory_seconds = tuple(memory_seconds)
        self.chirp_seconds, self.refine = tuple(chirp_seconds), refine
        self.ridge, self.coloured_ridge = ridge, coloured_ridge
        self.noise_std, self.seed = noise_std, seed

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The estimate, (channel, time), and the facts."""
        observation, task, sample_rate = problem.observation, problem.task, problem.sample_rate
        known = self.noise_std if self.noise_std is not None else task.known_noise_std(observation)
        if known == 0 or not observation.any():  # nothing to take away
            return observation.clone(), {"noise_std": 0.0}
        axes = _principal_axes(observation)  # (axis, channel)
        turned = axes @ observation
        stft = frame_stft(_NOISE_SECONDS, sample_rate).to(observation.device)
        noise = blind_noise_density(turned, stft, known)
        if self.refine and known is None:
            first = self._estimates(turned[None], noise, sample_rate).mean(0)[0]
            noise = noise.refined(turned, first, stft)
        estimate, weights = self.mixture(turned, noise, sample_rate)
        if not noise.white:
            estimate = torch.stack([estimate, *_log_spectral(turned, noise, stft, sample_rate)]).mean(0)
        facts = {"noise_std": math.sqrt(float(noise.density.mean())), "noise": "white" if noise.white else "coloured"}
        return axes.T @ estimate, {**facts, "weights": [round(float(weight), 3) for weight in weights.mean(-1)]}

    def mixture(self, observation: Tensor, noise: NoiseDensity, sample_rate: int) -> tuple[Tensor, Tensor]:
        """The estimate of least risk, (channel, time), the noise being known, and its weights, (filter, channel)."""
        probe = noise.draw(observation.shape[-1], torch.Generator().manual_seed(_PROBE + self.seed))
        both = torch.stack([observation, observation + STEP * probe])  # (2, channel, time)
        ridge = self.ridge if noise.white else self.coloured_ridge
        estimates = self._estimates(both, noise, sample_rate)
        weights = mixing_weights(estimates, observation, probe, ridge)
        if self.chirp_seconds:
            estimates = torch.cat([estimates, self._chirps(both, mixed(estimates, weights), noise, sample_rate)])
            weights = mixing_weights(estimates, observation, probe, ridge)
        return mixed(estimates, weights)[0], weights

    def _estimates(self, items: Tensor, noise: NoiseDensity, sample_rate: int) -> Tensor:
        """What each of the first filters makes of each item, (item, channel, time): (filter, item, channel, time)."""
        n_samples = items.shape[-1]
        made: list[Tensor] = []
        lengths = self.frame_seconds if noise.white else self.coloured_frame_seconds
        shortest = min(lengths)
        for seconds in lengths:
            stft = frame_stft(seconds, sample_rate).to(items.device)
            if stft.n_fft > n_samples and seconds > shortest:
                continue  # too long a frame for so short a clip
            spec = stft.analysis(items)  # (item, channel, n_freq, n_frames)
            posterior_snr = spec.abs().square() / noise.power(stft, spec.shape[-1])
            memories = [math.exp(-stft.hop_length / sample_rate / memory) for memory in self.memory_seconds]
            prior_snrs = two_way_prior_snr(posterior_snr, memories)
            made.extend(stft.synthesis(prior_snr / (1 + prior_snr) * spec, n_samples) for prior_snr in prior_snrs)
        return torch.stack(made)

    def _chirps(self, items: Tensor, pilots: Tensor, noise: NoiseDensity, sample_rate: int) -> Tensor:
        """The filters in warped frames: (filter, item, channel, time). The second item's warps are those of the first."""
        made: list[Tensor] = []
        for seconds in self.chirp_seconds:
            chirp = ChirpFilter(max(4 * _MULTIPLE, _MULTIPLE * round(seconds * sample_rate / _MULTIPLE)))
            chosen = chirp.choose(pilots[0], noise)
            made.append(torch.stack([chirp(item, pilot, noise, chosen) for item, pilot in zip(items, pilots, strict=True)]))
        return torch.stack(made)


def _log_spectral(observation: Tensor, noise: NoiseDensity, stft: STFT, sample_rate: int) -> list[Tensor]:
    """Two estimates, (channel, time), of least error in the logarithm: ξ decision-directed, and that forth and back."""
    spec = stft.analysis(observation)
    power, noise_power = spec.abs().square(), noise.power(stft, spec.shape[-1])
    gain = DecisionDirected(log_mmse_gain, _LOG_ALPHA, 10 * math.log10(LOWEST_SNR))(power, noise_power)
    memory = math.exp(-stft.hop_length / sample_rate / _LOG_MEMORY_SECONDS)
    (prior_snr,) = two_way_prior_snr(power / noise_power, [memory])
    gains = gain, log_mmse_gain(prior_snr, power / noise_power)
    return [stft.synthesis(gain.clamp(max=1) * spec, observation.shape[-1]) for gain in gains]


def mixing_weights(estimates: Tensor, observation: Tensor, probe: Tensor, ridge: float) -> Tensor:
    """Of least risk, (filter, channel), from the estimates of y and of y + `STEP` · probe: (filter, 2, channel, time)."""
    changes = (estimates[:, 1] - estimates[:, 0]) / STEP
    return least_risk_weights(observation, estimates[:, 0], changes, probe, ridge)


def mixed(estimates: Tensor, weights: Tensor) -> Tensor:
    """The mixture of each item: (item, channel, time)."""
    mixture: Tensor = torch.einsum("kc,kict->ict", weights.to(estimates), estimates)
    return mixture


def _principal_axes(waveform: Tensor) -> Tensor:
    """The rotation, (axis, channel), after which channels are uncorrelated; of one channel it is 1."""
    if len(waveform) == 1:
        return torch.ones_like(waveform[:, :1])
    samples = waveform.double()
    axes: Tensor = torch.linalg.eigh(samples @ samples.T).eigenvectors
    return axes.T.to(waveform)
