"""Mix-and-Separate: a network that was trained on mixtures predicts the target's mask on the mixture's spectrogram."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from dap.dsp.stft import STFT
from dap.layers.precision import map_layout
from dap.layers.seeded import count_weights, seeded
from dap.methods.iterate import Facts
from dap.methods.learned.mask_update import MaskUpdate, mask_of
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem


class MixAndSeparate(OneShot):
    """Two sources of a mixture X: the target mask · X, and the rest (1 − mask) · X, each with the mixture's phase.

    The mask is a network's, which is trained before any clip is separated (dap/running/separator.py). Channels are separated
    one by one.

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

    threaded = True

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
        self.training: Facts = {}  # the facts of what it was trained by

    def update(self, n_samples: int, sample_rate: int) -> MaskUpdate:
        """The network from random weights, and how it is trained on excerpts of ``n_samples``."""
        size = tuple(self.stft.analysis(torch.zeros(n_samples)).shape)
        with seeded(self.seed):
            network = self.make_network(in_channels=1, out_channels=1, size=size)
        layout = map_layout(self.device, self.precision == "bfloat16")
        self.network = network.to(self.device).to(memory_format=layout)  # type: ignore[call-overload]
        self.sample_rate = sample_rate
        self.training = {"n_parameters": count_weights(network)}
        return MaskUpdate(self.network, self.stft.to(self.device), self.optimizer, self.loss, self.weighted, self.precision)

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, (2, channel, time), and the facts of the training."""
        observation, sample_rate = problem.observation, problem.sample_rate
        if self.network is None:
            raise ValueError("mix_and_separate is trained first, on data of instruments: take data=instruments")
        if sample_rate != self.sample_rate:
            raise ValueError(f"the network was trained at {self.sample_rate} Hz, the mixture has {sample_rate} Hz")
        self.network.eval()
        with torch.no_grad():
            mixture = self.stft.analysis(observation.to(self.device))  # (C, F, T)
            target = self.stft.synthesis(mask_of(self.network, mixture, self.precision) * mixture, observation.shape[-1])
        estimate = target.to(observation.device)
        return torch.stack([estimate, observation - estimate]), dict(self.training)
