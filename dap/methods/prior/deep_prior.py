"""The deep prior: fit a randomly initialised network to the observation; the iterates are the restorations."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import StepLR

from dap.dsp.representation import Representation
from dap.layers.precision import map_layout
from dap.layers.seeded import count_weights, seeded
from dap.losses.multi_resolution import multi_resolution_stft
from dap.methods.first_step import FirstStep
from dap.methods.iterate import Iterate, State
from dap.methods.method import Method
from dap.methods.prior.fit import Fit
from dap.methods.problem import Problem


class DeepPrior(Method):
    """minimise over θ: loss(f_θ(z), observation), from random θ and a frozen random z.

    Args:
        network: makes the network from ``in_channels`` (of z), ``out_channels`` and ``size`` (of the maps it puts out).
        representation: between waveforms and the network's maps.
        latent: makes z from the size of the maps.
        loss: (estimate, target) to a scalar.
        optimizer: makes the optimiser from the weights.
        steps: number of updates.
        lr_decay: (number of updates, factor): so often the learning rate is multiplied by the factor; None leaves it.
        input_noise_std: perturbation of z at each step.
        stft_loss_weight: of the `multi_resolution_stft` distance of observe(estimate) to the observation, added to the loss.
        unobserved_weight: of what the observation does not tell of (``task.unobserved``): its mean square is added to the loss.
            0 leaves it to the network; but a fit leaks into a band that nothing holds, and what leaks is as good as noise.
        guide: a method whose estimate that is drawn to, instead of to silence.
        output_ema: weight of the past in the running mean of outputs that is the estimate; 0 takes the output as it is.
        target_rms: level that the observation's maps are scaled to for the fit (and the estimate scaled back from); None
            leaves them as they are. The network starts near zero output, and Adam moves a weight by lr a step: the level
            decides how many steps it takes to get there.
        precision: of the network's convolutions and products (`dap.layers.precision.compute`).
        device: where the network runs.
        seed: of the weights and the latent, the same on every device, and of the latent's perturbation and dropout, which a
            GPU draws in its own way.

    Raises:
        ValueError: settings out of range.

    Reference: Ulyanov et al., "Deep Image Prior", 2018; Zhang et al., ICLR 2020, Sec. 4.2.
    """

    threaded = iterative = True

    def __init__(
        self,
        network: Callable[..., nn.Module],
        representation: Representation,
        latent: Callable[[tuple[int, ...], torch.Generator], Tensor],
        loss: Callable[[Tensor, Tensor], Tensor],
        optimizer: Callable[..., torch.optim.Optimizer],
        steps: int,
        lr_decay: tuple[int, float] | None = None,
        input_noise_std: float = 0.0,
        stft_loss_weight: float = 0.0,
        unobserved_weight: float = 0.0,
        guide: Method | None = None,
        output_ema: float = 0.0,
        target_rms: float | None = 1.0,
        precision: str = "float32",
        device: torch.device | str = "cpu",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if steps < 1:
            raise ValueError(f"steps must be at least 1, got {steps}")
        if lr_decay is not None and not (lr_decay[0] >= 1 and 0 < lr_decay[1] <= 1):
            raise ValueError(
                f"lr_decay must be a number of steps, at least 1, and a factor above 0 and up to 1, got {list(lr_decay)}"
            )
        if input_noise_std < 0:
            raise ValueError(f"input_noise_std must be at least 0, got {input_noise_std}")
        for name, weight in (("stft_loss_weight", stft_loss_weight), ("unobserved_weight", unobserved_weight)):
            if weight < 0:
                raise ValueError(f"{name} must be at least 0, got {weight}")
        if not 0 <= output_ema < 1:
            raise ValueError(f"output_ema must be at least 0 and below 1, got {output_ema}")
        if target_rms is not None and target_rms <= 0:
            raise ValueError(f"target_rms must be above 0 or null, got {target_rms}")
        self.network, self.representation, self.latent = network, representation, latent
        self.loss, self.optimizer, self.steps, self.lr_decay = loss, optimizer, steps, lr_decay
        self.input_noise_std, self.output_ema, self.target_rms = input_noise_std, output_ema, target_rms
        self.stft_loss_weight, self.unobserved_weight, self.guide = stft_loss_weight, unobserved_weight, guide
        self.precision, self.device, self.seed = precision, torch.device(device), seed

    def count(self, problem: Problem) -> int:
        """The untouched network's output, and one iterate a step."""
        del problem
        return self.steps + 1

    def first_step(self, problem: Problem) -> FirstStep:
        """The network from the seed, its latent without perturbation, and the observation's maps."""
        waveform = problem.observation[None].to(self.device)
        target = self.representation.to(self.device).of(waveform).analysis(waveform)
        latent = self.latent(tuple(target.shape[2:]), torch.Generator().manual_seed(self.seed)).to(self.device)
        return FirstStep(self._network(latent, target, None), latent, target)

    def first_weights(self, problem: Problem) -> State:
        """The random weights that the fit of a sound begins with."""
        return self.first_step(problem).network.state_dict()

    def restore_from(self, weights: State, problem: Problem) -> Iterator[Iterate]:
        """As `restore`, but of a network that begins with these weights, of its ``state_dict``, in place of random ones."""
        return self.iterates(None, problem, weights)

    def iterates(self, state: State | None, problem: Problem, weights: State | None = None) -> Iterator[Iterate]:
        """Build the network and yield the iterates of its fit: steps + 1 of them, on the observation's device.

        Raises:
            ValueError: at once, where network, representation and observation do not fit each other, or all is silence.
            FloatingPointError: while iterating, where the loss is no longer finite.
        """
        observation, task = problem.observation, problem.task
        waveform = observation[None].to(self.device)
        representation = self.representation.to(self.device).of(waveform)
        target = representation.analysis(waveform)  # (1, maps, ...)
        level = 1.0 if self.target_rms is None else float(target.square().mean().sqrt()) / self.target_rms
        if level == 0:
            raise ValueError("the observation is silent: there is nothing to fit")
        target = target / level
        generator = torch.Generator().manual_seed(self.seed)
        latent = self.latent(tuple(target.shape[2:]), generator).to(self.device)
        network = self._network(latent, target, weights)
        if latent.ndim == 4:  # (1, channels, n_freq, n_frames): the layout decides how fast its convolutions and norms are
            layout = map_layout(self.device, self.precision == "bfloat16")
            network = network.to(memory_format=layout)  # type: ignore[call-overload]
            latent, target = (tensor.contiguous(memory_format=layout) for tensor in (latent, target))
        guide = self._guide(problem).to(self.device)
        n_samples = observation.shape[-1]

        def synthesis(output: Tensor) -> Tensor:
            return level * representation.synthesis(output, n_samples)

        def objective(output: Tensor) -> Tensor:
            _check_maps(output, target)
            if task.identity and not self.stft_loss_weight:  # all is observed
                return self.loss(output, target)
            estimate = synthesis(output)
            observed = task.observe(estimate)
            data_term = self.loss(output if task.identity else representation.analysis(observed) / level, target)
            if self.unobserved_weight:
                away = representation.analysis(task.unobserved(estimate - guide)) / level
                data_term = data_term + self.unobserved_weight * away.square().mean()
            if self.stft_loss_weight:
                data_term = data_term + self.stft_loss_weight * multi_resolution_stft(observed / level, waveform / level)
            return data_term

        fit = self._fit(network, latent, objective)
        if state is not None:
            fit.load_state_dict(state["fit"])
        n_weights = count_weights(network)

        def follow() -> Iterator[Iterate]:
            mean, weight = (torch.zeros_like(target), 0.0) if state is None else (state["mean"].to(target), state["weight"])
            for step, loss, output in fit:
                mean = self.output_ema * mean + (1 - self.output_ema) * output
                weight = self.output_ema * weight + (1 - self.output_ema)  # so that the first outputs count in full

                def state_here(mean: Tensor = mean, weight: float = weight) -> State:
                    return {"fit": fit.state_dict(), "mean": mean, "weight": weight}

                facts = {"n_parameters": n_weights, "rollbacks": list(fit.rollbacks)}
                yield Iterate(step, loss, synthesis(mean / weight)[0].to(observation.device), state_here, facts)

        return follow()

    def _network(self, latent: Tensor, target: Tensor, weights: State | None) -> nn.Module:
        """From the latent to maps like the target's; random weights are the same on every device."""
        with seeded(self.seed):
            size = tuple(target.shape[2:])
            network = self.network(in_channels=latent.shape[1], out_channels=target.shape[1], size=size)
        if weights is not None:
            network.load_state_dict(weights)
        return network.to(self.device)

    def _fit(self, network: nn.Module, latent: Tensor, objective: Callable[[Tensor], Tensor]) -> Fit:
        perturbation = torch.Generator(self.device).manual_seed(self.seed)
        optimizer = self.optimizer(network.parameters())
        scheduler = None if self.lr_decay is None else StepLR(optimizer, self.lr_decay[0], self.lr_decay[1])
        return Fit(
            network,
            latent,
            objective,
            optimizer,
            self.steps,
            self.input_noise_std,
            perturbation,
            scheduler,
            precision=self.precision,
        )

    def _guide(self, problem: Problem) -> Tensor:
        """What the part of the estimate that is not observed is drawn to, (1, channel, time)."""
        if self.guide is None:
            return torch.zeros_like(problem.observation)[None]
        return self.guide.estimate(problem)[None]


def _check_maps(output: Tensor, target: Tensor) -> None:
    """Refuse a network whose maps are not the representation's: a loss might broadcast them."""
    if output.shape != target.shape:
        expected, got = tuple(target.shape), tuple(output.shape)
        raise ValueError(f"the network must put out maps of shape {expected} here, got {got}")
