"""DNP: a fit's outputs fluctuate most where there is noise; this makes the mask that filters the observation."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from dap.dsp.spectral_gain import log_mmse_gain
from dap.dsp.stft import STFT
from dap.methods.iterate import Iterate, State
from dap.methods.method import Method
from dap.methods.prior.deep_prior import DeepPrior
from dap.methods.problem import Problem
from dap.tasks.task import NOISY

FILTERS = ("wiener", "lsa", "network")
_SILENCE = torch.finfo(torch.float64).eps  # added to a magnitude that is divided by, as in the authors' code
_LEAST = 1e-10  # power of the noise, relative to the observation's, in a bin that did not fluctuate


class DNP(Method):
    """The observation, filtered by how much each bin of the STFT of a fit's outputs fluctuated so far.

    From step ``warm_up`` on, D += |S_t − S_{t−1}| / (S_t + ε), S_t the magnitude of the output after t updates, and after each
    step D is clipped to its percentiles. The map C = (max D − D) / (max D − min D), at least ``floor``, is

        wiener: the gain;
        lsa: 1 − C is taken for the noise's share of a bin's magnitude, so the posterior SNR is 1 / (1 − C)², the prior SNR
            one less (at least ``floor``), and the gain the log-spectral amplitude estimator's, at most 1.

    Before the first difference the iterates are the fit's own. The authors also silence the three lowest bins and the
    highest, which their speech did without; that is left out.

    Args:
        fit: a method that yields many iterates.
        filter: of the observation, "wiener" or "lsa", or "network" for the fit's own iterates.
        n_fft, hop_length: of the STFT (Hann), samples.
        warm_up: step from which on differences count.
        percentiles: lower and upper, that D is clipped to.
        floor: of the map and of the prior SNR.

    Raises:
        ValueError: settings out of range; from `restore`, a task that does not observe all of the sound, a clip shorter than a
            frame.

    Reference: Michelashvili and Wolf, "Speech Denoising by Accumulating Per-Frequency Modeling Fluctuations", 2019
    (arXiv 1904.07612); the constants are those of the authors' code.
    """

    tasks, threaded, iterative = NOISY, True, True

    def __init__(
        self,
        fit: DeepPrior,
        filter: str = "wiener",
        n_fft: int = 512,
        hop_length: int = 128,
        warm_up: int = 48,
        percentiles: tuple[float, float] = (10.0, 90.0),
        floor: float = 1e-3,
    ) -> None:
        super().__init__()
        if filter not in FILTERS:
            raise ValueError(f"filter must be one of {', '.join(FILTERS)}, got {filter!r}")
        if warm_up < 1:
            raise ValueError(f"warm_up must be at least step 1, got {warm_up}")
        low, high = percentiles
        if not 0 <= low < high <= 100:
            raise ValueError(f"percentiles must be two rising numbers from 0 to 100, got {list(percentiles)}")
        if not 0 < floor < 1:
            raise ValueError(f"floor must be between 0 and 1, got {floor}")
        if fit.steps < warm_up and filter != "network":
            raise ValueError(f"a fit of {fit.steps} steps ends before the warm-up of {warm_up}: give more steps")
        self.fit, self.filter, self.stft = fit, filter, STFT(n_fft, hop_length)
        self.warm_up, self.percentiles, self.floor = warm_up, percentiles, floor
        self.blind = fit.blind

    def count(self, problem: Problem) -> int:
        """As many as the fit has."""
        return self.fit.count(problem)

    def iterates(self, state: State | None, problem: Problem) -> Iterator[Iterate]:
        """Yield the filtered observation, or the fit's own estimate, for each iterate of the fit."""
        observation = problem.observation
        stft = self.stft.to(observation.device)
        noisy = stft.analysis(observation)  # (channel, n_freq, n_frames)
        iterates = self.fit.restore(problem) if state is None else self.fit.resume(state["fit"], problem)

        def filtered() -> Iterator[Iterate]:
            fluctuation, previous = torch.zeros_like(noisy.abs()), None
            if state is not None:
                fluctuation, previous = state["fluctuation"].to(noisy.device), state["previous"].to(noisy.device)
            for iterate in iterates:
                magnitude = stft.analysis(iterate.estimate).abs()
                estimate = iterate.estimate
                if previous is not None and iterate.step >= self.warm_up and self.filter != "network":
                    fluctuation = fluctuation + (magnitude - previous).abs() / (magnitude + _SILENCE)
                    fluctuation = _clip(fluctuation, *self.percentiles)
                    estimate = stft.synthesis(self.gain(fluctuation) * noisy, observation.shape[-1])
                previous = magnitude

                def state_here(iterate: Iterate = iterate, now: Tensor = fluctuation, last: Tensor = magnitude) -> State:
                    return {"fit": iterate.state and iterate.state(), "fluctuation": now, "previous": last}

                yield replace(iterate, estimate=estimate, state=state_here)

        return filtered()

    def gain(self, fluctuation: Tensor) -> Tensor:
        """Factors from ``floor`` to 1 for bins that fluctuated so much; where all did alike there is nothing to tell: 1."""
        least, most = fluctuation.min(), fluctuation.max()
        share = (most - fluctuation) / (most - least) if most > least else torch.ones_like(fluctuation)
        share = share.clamp(min=self.floor)
        if self.filter != "lsa":
            return share
        posterior_snr = 1 / (1 - share).square().clamp(min=_LEAST)
        return log_mmse_gain((posterior_snr - 1).clamp(min=self.floor), posterior_snr).clamp(max=1)


def _clip(values: Tensor, low: float, high: float) -> Tensor:
    """Clamp to the values of these ranks, in percent; by partial sorting, as torch.quantile refuses so many."""
    flat = values.flatten()
    bounds = [flat.kthvalue(1 + round(rank / 100 * (flat.numel() - 1))).values for rank in (low, high)]
    return values.clamp(bounds[0], bounds[1])
