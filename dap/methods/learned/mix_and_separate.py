"""Mix-and-Separate: a network that was trained on mixtures predicts the target's mask on the mixture's spectrogram."""

from collections.abc import Callable
import hashlib

import torch
from torch import Tensor, nn

from dap.data.clip import Dataset
from dap.data.instruments import Instruments, Sound
from dap.dsp.stft import STFT
from dap.layers.precision import map_layout
from dap.layers.seeded import count_weights, seeded
from dap.losses.term import evaluating
from dap.methods.iterate import Facts
from dap.methods.learned.learned import Learned
from dap.methods.learned.mask_update import MaskUpdate, mask_of
from dap.methods.learned.mixture_batches import MixtureBatches
from dap.methods.problem import Problem
from dap.methods.train import Train
from dap.methods.training_plan import Scores, TrainingPlan
from dap.tasks.task import Task

_VALIDATION_BATCHES = 4


class MixAndSeparate(Learned):
    """Two sources of a mixture X: the target mask · X, and the rest (1 − mask) · X, each with the mixture's phase.

    The mask is a network's, which is trained before any clip is separated. Channels are separated one by one.

    Args:
        network: makes the network from ``in_channels``, ``out_channels`` (one map each) and ``size``.
        n_fft, hop_length, window: of the STFT.
        optimizer: makes the optimiser from the weights.
        loss: of a mask and the target's ratio mask; the paper has L1.
        epochs, n_batches, batch_size: length of the training: updates are epochs · n_batches.
        weighted: whether in the loss a bin counts by how loud it is in the mixture; the paper says nothing of it, "The Sound of
            Pixels" does so.
        level_db: the level of the other sound over the target's is drawn from ±level_db in training.
        trained: folder in which trained networks are kept, a folder each; the same settings and sounds train once.
        precision: of the network's convolutions and products (`dap.layers.precision.compute`).
        device: where the network runs.
        seed: of its weights, and of what is drawn in training.

    Raises:
        ValueError: settings out of range.

    Reference: Zhao et al., "The Sound of Pixels", ECCV 2018; Zhang et al., ICLR 2020, Sec. 4.4.
    """

    def __init__(
        self,
        network: Callable[..., nn.Module],
        optimizer: Callable[..., torch.optim.Optimizer],
        loss: Callable[[Tensor, Tensor], Tensor],
        n_fft: int = 1022,
        hop_length: int = 64,
        window: str = "box",
        epochs: int = 10,
        n_batches: int = 100,
        batch_size: int = 8,
        weighted: bool = False,
        level_db: float = 5.0,
        trained: str = "outputs/trained",
        precision: str = "float32",
        device: torch.device | str = "cpu",
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value in (("epochs", epochs), ("n_batches", n_batches), ("batch_size", batch_size)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if level_db < 0:
            raise ValueError(f"level_db must be at least 0 dB, got {level_db}")
        self.make_network, self.optimizer, self.loss = network, optimizer, loss
        self.stft = STFT(n_fft, hop_length, window)
        self.epochs, self.n_batches, self.batch_size, self.level_db = epochs, n_batches, batch_size, level_db
        self.weighted, self.trained, self.precision = weighted, trained, precision
        self.device, self.seed = torch.device(device), seed
        self.network: nn.Module | None = None
        self.sample_rate: int | None = None  # that it was trained at, Hz

    def plan(self, data: Dataset, task: Task) -> TrainingPlan:
        """Mixtures of the data's instruments; the clips, of sounds that it does not learn from, are separated afterwards.

        Nothing is chosen by the validation, on mixtures of the sounds kept for testing, of the instruments trained on: the last
        weights are taken.
        """
        if not isinstance(data, Instruments):
            raise ValueError("method=mix_and_separate is trained on instruments by themselves: take data=instruments")
        del task
        update = self.update(data.n_samples, data.sample_rate)

        def batches(sounds: dict[str, list[Sound]], n_batches: int, level_db: float) -> MixtureBatches:
            return MixtureBatches(sounds, data.target, data.n_samples, self.batch_size, n_batches, level_db, self.seed)

        tests = {name: data.testing[name] for name in data.training if data.testing[name]}
        held_out = list(batches(tests, _VALIDATION_BATCHES, 0.0).epoch(0)) if len(tests) > 1 and data.target in tests else []

        def validate(epoch: int) -> Scores:
            del epoch
            with torch.no_grad(), evaluating(update.network):
                losses = [update.objective((batch[0].to(self.device),)).item() for batch in held_out]
            return {"valid_distance": sum(losses) / len(losses)} if losses else {}

        sounds = {
            instrument: {sound.name: hashlib.sha256(sound.samples.numpy().tobytes()).hexdigest()[:12] for sound in of_one}
            for instrument, of_one in data.training.items()
        }
        return TrainingPlan(
            loop=Train(update, batches(data.training, self.n_batches, self.level_db), self.epochs, self.device),
            networks=self.kept,
            validate=validate,
            sample_rate=data.sample_rate,
            heard={"target": data.target, "n_samples": data.n_samples, "sounds": sounds},
            facts={"n_parameters": count_weights(update.network), "target": data.target, "sounds": sounds},
            note="Nothing was chosen by the validation: the last weights are taken.",
            tested=list(range(len(data.names))),
            shared=self.trained,
        )

    def update(self, n_samples: int, sample_rate: int) -> MaskUpdate:
        """The network from random weights, and how it is trained on excerpts of ``n_samples``."""
        size = tuple(self.stft.analysis(torch.zeros(n_samples)).shape)
        with seeded(self.seed):
            network = self.make_network(in_channels=1, out_channels=1, size=size)
        layout = map_layout(self.device, self.precision == "bfloat16")
        self.network = network.to(self.device).to(memory_format=layout)  # type: ignore[call-overload]
        self.sample_rate = sample_rate
        return MaskUpdate(self.network, self.stft.to(self.device), self.optimizer, self.loss, self.weighted, self.precision)

    @property
    def kept(self) -> dict[str, nn.Module]:
        """The network."""
        if self.network is None:
            raise ValueError("mix_and_separate is trained first, on data of instruments: take data=instruments")
        return {"network": self.network}

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, (2, channel, time), how many weights the network has, and the facts of the training."""
        observation, sample_rate = problem.observation, problem.sample_rate
        network = self.kept["network"]
        if sample_rate != self.sample_rate:
            raise ValueError(f"the network was trained at {self.sample_rate} Hz, the mixture has {sample_rate} Hz")
        with torch.no_grad(), evaluating(network):
            mixture = self.stft.analysis(observation.to(self.device))  # (C, F, T)
            target = self.stft.synthesis(mask_of(network, mixture, self.precision) * mixture, observation.shape[-1])
        estimate = target.to(observation.device)
        return torch.stack([estimate, observation - estimate]), {"n_parameters": count_weights(network), **self.training}
