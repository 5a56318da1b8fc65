"""Several deep priors that explain one mixture together: what each finds easier than the others becomes its source."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from dap.dsp.stft import STFT
from dap.layers.seeded import count_weights, seeded
from dap.methods.iterate import Iterate, State
from dap.methods.method import Method
from dap.methods.prior.fit import Fit
from dap.methods.problem import Problem

T = TypeVar("T")
_SILENT = 1e-12  # power of a bin in which no source has anything


class DoubleDIP(Method):
    """minimise over all θ_i: loss(Σ_i V_i, |X|) + w · mean(V_i V_j), with V_i = softplus(f_θi(z_i)), X the mixture's STFT.

    The sources are masked mixtures, M_i X with M_i = V̄_i^p / Σ_j V̄_j^p of running means V̄ of the magnitudes: the masks lie in
    [0, 1] and sum to 1 in every bin, so the sources sum to the mixture. A mask is the ratio of what a network says to what all
    say, so a network need not get its source's details right, only be the readier to put out what belongs to it.

    Which network takes what is decided by what they differ in. Two networks of one shape on latents of one kind share every
    sound among themselves about evenly: nothing is separated. On a latent that is constant along time a network is the readier
    to put out what is steady, on one that is constant along frequency what is short (`StripedLatent`); networks of different
    shapes do as much. Where the sounds do not differ in what the networks differ in, this does not take them apart.

    Args:
        networks: one a source, from ``in_channels`` (of z), ``out_channels`` (one map a channel of sound) and ``size``. With
            fewer networks than sources they are taken in turn, from other random weights.
        latents: one a source, makes its z from the size of the maps; taken in turn, too.
        loss: (estimate, target) to a scalar, of magnitudes.
        optimizer: makes the optimiser from the weights of all.
        n_sources: as the task's.
        steps: number of updates.
        n_fft, hop_length, window: of the STFT.
        exclusion_weight: of the mean product of two sources' magnitudes, which is least where no bin is shared.
        mask_power: p; 2 is a Wiener filter's mask, more decides harder.
        output_ema: weight of the past in the running mean of magnitudes.
        target_rms: level that the magnitudes of the mixture are scaled to for the fit.
        precision: of the networks' convolutions and products (`dap.layers.precision.compute`).
        device: where the networks run.
        seed: of the weights and the latents.

    Raises:
        ValueError: settings out of range; from `restore`, a mixture that is silent or shorter than a frame.
        FloatingPointError: from `restore`, the loss is no longer finite.

    Reference: after Gandelsman, Shocher & Irani, "Double-DIP", CVPR 2019, and Tian, Xu & Li, "Deep Audio Prior", 2019
    (arXiv 1912.10292): from both the sum of priors, the masks and the exclusion; the stripes are ours.
    """

    threaded = iterative = True

    def __init__(
        self,
        networks: list[Callable[..., nn.Module]],
        latents: list[Callable[[tuple[int, ...], torch.Generator], Tensor]],
        loss: Callable[[Tensor, Tensor], Tensor],
        optimizer: Callable[..., torch.optim.Optimizer],
        n_sources: int,
        steps: int,
        n_fft: int = 1022,
        hop_length: int = 256,
        window: str = "hann",
        exclusion_weight: float = 0.3,
        mask_power: float = 2.0,
        output_ema: float = 0.9,
        target_rms: float = 0.5,
        precision: str = "float32",
        device: torch.device | str = "cpu",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not networks or not latents:
            raise ValueError(f"networks and latents must be at least one each, got {len(networks)} and {len(latents)}")
        if n_sources < 2:
            raise ValueError(f"n_sources must be at least 2, got {n_sources}")
        if steps < 1:
            raise ValueError(f"steps must be at least 1, got {steps}")
        if exclusion_weight < 0:
            raise ValueError(f"exclusion_weight must be at least 0, got {exclusion_weight}")
        if mask_power <= 0:
            raise ValueError(f"mask_power must be above 0, got {mask_power}")
        if not 0 <= output_ema < 1:
            raise ValueError(f"output_ema must be at least 0 and below 1, got {output_ema}")
        if target_rms <= 0:
            raise ValueError(f"target_rms must be above 0, got {target_rms}")
        self.networks, self.latents, self.loss, self.optimizer = networks, latents, loss, optimizer
        self.n_sources, self.steps = n_sources, steps
        self.stft = STFT(n_fft, hop_length, window)
        self.exclusion_weight, self.mask_power, self.output_ema = exclusion_weight, mask_power, output_ema
        self.target_rms, self.precision = target_rms, precision
        self.device, self.seed = torch.device(device), seed

    def count(self, problem: Problem) -> int:
        """The untouched network's output, and one iterate a step."""
        del problem
        return self.steps + 1

    def iterates(self, state: State | None, problem: Problem) -> Iterator[Iterate]:
        """Yield estimates, (source, channel, time), that sum to the observation, (channel, time)."""
        observation = problem.observation
        stft = self.stft.to(self.device)
        mixture = stft.analysis(observation.to(self.device))  # (C, F, T), complex
        magnitude = mixture.abs()[None]  # (1, C, F, T)
        level = float(magnitude.square().mean().sqrt()) / self.target_rms
        if level == 0:
            raise ValueError("the mixture is silent: there is nothing to take apart")
        target = magnitude / level
        generator = torch.Generator().manual_seed(self.seed)
        latents = [self._turn(self.latents, index)(tuple(target.shape[2:]), generator) for index in range(self.n_sources)]
        together = self._random_networks(latents, target)
        optimizer = self.optimizer(together.parameters())
        latent, objective = torch.cat(latents).to(self.device), self._objective(target)
        fit = Fit(together, latent, objective, optimizer, self.steps, precision=self.precision)
        if state is not None:
            fit.load_state_dict(state["fit"])
        n_weights = count_weights(together)

        def follow() -> Iterator[Iterate]:
            start = torch.zeros(self.n_sources, *target.shape[1:], device=self.device)
            mean = start if state is None else state["mean"].to(start)
            for step, loss, magnitudes in fit:
                weight = self.output_ema if step else 0.0
                mean = weight * mean + (1 - weight) * magnitudes
                sources = stft.synthesis(masks(mean, self.mask_power) * mixture, observation.shape[-1])

                def state_here(mean: Tensor = mean) -> State:
                    return {"fit": fit.state_dict(), "mean": mean}

                facts = {"n_parameters": n_weights, "rollbacks": list(fit.rollbacks)}
                yield Iterate(step, loss, sources.to(observation.device), state_here, facts)

        return follow()

    @staticmethod
    def _turn(makers: list[Callable[..., T]], index: int) -> Callable[..., T]:
        return makers[index % len(makers)]

    def _objective(self, target: Tensor) -> Callable[[Tensor], Tensor]:
        """Of the sources' magnitudes, (S, C, F, T); the target is (1, C, F, T)."""

        def objective(magnitudes: Tensor) -> Tensor:
            total = magnitudes.sum(0, keepdim=True)
            value = self.loss(total, target)
            if self.exclusion_weight:
                shared = (total.square() - magnitudes.square().sum(0)).mean() / 2  # Σ_{i<j} V_i V_j
                value = value + self.exclusion_weight * shared
            return value

        return objective

    def _random_networks(self, latents: list[Tensor], target: Tensor) -> nn.Module:
        """All networks as one, from all latents to all magnitudes; torch's own generator is left alone."""
        size = tuple(target.shape[2:])
        with seeded(self.seed):
            made = [
                self._turn(self.networks, index)(in_channels=latent.shape[1], out_channels=target.shape[1], size=size)
                for index, latent in enumerate(latents)
            ]
        return _Together(made).to(self.device)


class _Together(nn.Module):
    """Each network on its own latent: (source, maps, n_freq, n_frames) → magnitudes (source, channel, n_freq, n_frames)."""

    def __init__(self, networks: list[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, latents: Tensor) -> Tensor:
        outputs = [network(latent[None]) for network, latent in zip(self.networks, latents, strict=True)]
        return F.softplus(torch.cat(outputs))


def masks(magnitudes: Tensor, power: float) -> Tensor:
    """V_i^p / Σ_j V_j^p along the first dimension: in [0, 1], and 1 in sum.

    >>> masks(torch.tensor([[3.0], [1.0]]), power=2.0).tolist()
    [[0.8999999761581421], [0.10000000149011612]]
    """
    powers = magnitudes**power + _SILENT
    return powers / powers.sum(0, keepdim=True)
