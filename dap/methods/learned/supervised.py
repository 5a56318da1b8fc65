"""A network that was trained on other recordings: from the observation to the restoration, window by window."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from dap.audio.kept_windows import Around, Process
from dap.audio.windows import by_windows
from dap.data.clip import Dataset
from dap.data.split import split_files
from dap.data.stretches import Stretches
from dap.dsp.representation import Representation
from dap.layers.seeded import count_weights, seeded
from dap.losses.term import Term, evaluating
from dap.methods.iterate import Facts
from dap.methods.learned.adversarial import Adversarial
from dap.methods.learned.collaborative import Collaborative, Shaping
from dap.methods.learned.learned import Learned
from dap.methods.learned.regression import Regression
from dap.methods.learned.restorer import Restorer, gain_to, silence_output
from dap.methods.learned.schooling import Schooling
from dap.methods.learned.validation import Validation
from dap.methods.learned.window_batches import WindowBatches
from dap.methods.problem import Problem
from dap.methods.train import Train
from dap.methods.training_plan import Scores, TrainingPlan
from dap.methods.update import Update
from dap.tasks.task import Task

_AT_ONCE = 32  # windows that are restored together


class Supervised(Learned):
    """estimate = observation + f_θ(observation), with θ learnt from pairs of damaged and clean windows.

    Args:
        network: makes the network from ``in_channels``, ``out_channels`` and ``size`` (of the maps of a window).
        representation: between waveforms and the network's maps.
        loss: (estimate, reference) to a scalar.
        optimizer: makes the optimiser from the weights.
        scheduler: makes what lowers the learning rate, after epochs, from the optimiser; None leaves it.
        gan: what an adversary adds.
        feature_loss: what a distance of features adds.
        collaborative: what the discriminator does after the training.
        window, hop: samples, of the windows that are trained on, and of those that are restored one by one.
        fade: within which part of what they share a restored window goes over into the next: from 0, a cut in the middle, to 1.
        residual: the network puts out what is added to the observation; false: the estimate itself.
        silent_start: the network's last layer begins at zero: with ``residual`` the training starts from the observation, and
            not from what random weights add to it, which takes most of a short training to unlearn.
        window_rms: level that each window is scaled to before the network, and back from after it; None leaves it.
        precision: of the network's convolutions and products (`dap.layers.precision.compute`).
        device: where the networks run.
        seed: of the weights; of the batches too. The same on every device.
        epochs, batch_size, n_train, n_valid, n_test, test_names, n_batches, stretch_seconds, valid_seconds, keep: of the
            training, see `Schooling`.

    Raises:
        ValueError: settings out of range.

    Reference: Bilat, "Denoising with Generative Models", semester project, EPFL, 2019.
    """

    def __init__(
        self,
        network: Callable[..., nn.Module],
        representation: Representation,
        loss: Callable[[Tensor, Tensor], Tensor],
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[..., ReduceLROnPlateau] | None,
        gan: Term,
        feature_loss: Term,
        collaborative: Collaborative,
        window: int,
        hop: int,
        epochs: int,
        batch_size: int,
        fade: float = 0.5,
        residual: bool = True,
        silent_start: bool = True,
        window_rms: float | None = 0.1,
        n_train: int | None = None,
        n_valid: int = 1,
        n_test: int = 1,
        test_names: list[str] | None = None,
        n_batches: int | None = None,
        stretch_seconds: float = 10.0,
        valid_seconds: float = 10.0,
        keep: str = "best",
        precision: str = "float32",
        device: torch.device | str = "cpu",
        seed: int = 0,
    ) -> None:
        super().__init__()
        if window < 1 or not 1 <= hop <= window:
            raise ValueError(f"window and hop must be 1 ≤ hop ≤ window samples, got {window} and {hop}")
        if not 0 <= fade <= 1:
            raise ValueError(f"fade must be from 0 to 1, got {fade}")
        if collaborative.n_steps and not isinstance(gan, Adversarial):
            raise ValueError("collaborative sampling needs a discriminator: choose a gan=…")
        self.schooling = Schooling(
            epochs=epochs,
            batch_size=batch_size,
            n_train=n_train,
            n_valid=n_valid,
            n_test=n_test,
            test_names=test_names,
            n_batches=n_batches,
            stretch_seconds=stretch_seconds,
            valid_seconds=valid_seconds,
            keep="last" if collaborative.n_steps else keep,
        )
        self.network, self.representation, self.residual = network, representation, residual
        self.silent_start = silent_start and residual
        self.loss, self.optimizer, self.scheduler = loss, optimizer, scheduler
        self.gan, self.feature_loss, self.collaborative = gan, feature_loss, collaborative
        if window_rms is not None and window_rms <= 0:
            raise ValueError(f"window_rms must be above 0 or null, got {window_rms}")
        self.window, self.hop, self.window_rms = window, hop, window_rms
        self.level_free = window_rms is not None
        self.fade = round(fade * min(hop, window - hop))  # samples
        self.precision, self.device, self.seed = precision, torch.device(device), seed
        self.restorer: Restorer | None = None
        self.n_weights = 0  # of the network, once it is built

    def plan(self, data: Dataset, task: Task) -> TrainingPlan:
        """Windows of some files, damaged by the task; some others choose the weights, and the rest are restored afterwards."""
        schooling, seed = self.schooling, self.seed
        split = split_files(data.names, schooling.n_train, schooling.n_valid, schooling.n_test, schooling.test_names, seed)
        stretches = Stretches(data, split.train, schooling.stretch_seconds)
        valid = Validation(Stretches(data, split.valid, schooling.valid_seconds), task, self.loss, seed)
        everything = [*split.train, *split.valid, *split.test]
        sample_rate = Stretches(data, everything, schooling.stretch_seconds).sample_rate  # one, or a ValueError
        window = self.window, self.hop, schooling.batch_size
        batches = WindowBatches(stretches, task, *window, seed, schooling.n_batches, self.window_rms)
        update = self.update()
        shaping_epochs = self.collaborative.shaping_epochs if self.collaborative.n_steps else 0
        files = {name: [data.names[index] for index in getattr(split, name)] for name in ("train", "valid", "test")}

        def validate(epoch: int) -> Scores:
            return valid.scores(partial(self._whole, refined=epoch >= schooling.epochs))

        return TrainingPlan(
            loop=Train(update, batches, schooling.epochs + shaping_epochs, self.device),
            networks=self.kept,
            validate=validate,
            sample_rate=sample_rate,
            heard={"files": files, "stretches": stretches.items},
            facts={"n_parameters": self.n_weights, "files": files},
            note=f"Scores: means over {len(split.valid)} validation files.",
            tested=split.test,
            keep=schooling.keep,
        )

    def load(self, weights: Mapping[str, Mapping[str, Tensor]], facts: Facts) -> None:
        """As `Method.load`; the networks are made first."""
        self.build()
        super().load(weights, facts)

    def build(self) -> Restorer:
        """Make the networks anew, from the seed; torch's own generator is left alone.

        Raises:
            ValueError: networks that do not fit windows of this size.
        """
        with seeded(self.seed):
            representation = self.representation.to(self.device)
            silence = torch.zeros(1, 1, self.window, device=self.device)
            maps = representation.of(silence).analysis(silence)
            network = self.network(in_channels=maps.shape[1], out_channels=maps.shape[1], size=tuple(maps.shape[2:]))
            if self.silent_start:
                silence_output(network)
            restorer = Restorer(network, representation, self.residual, self.precision).to(self.device)
            if self.collaborative.n_steps:
                self.collaborative.find_block(restorer)
            for term in (self.gan, self.feature_loss):
                term.build(1, self.window, self.device)
        self.n_weights = count_weights(network)
        self.restorer = restorer
        return restorer

    def update(self) -> Update:
        """What is done with a batch, of networks that are built anew."""
        restorer = self.build()
        plain = Regression(restorer, self.loss, self.optimizer, [self.gan, self.feature_loss], self.scheduler)
        if not self.collaborative.n_steps:
            return plain
        assert isinstance(self.gan, Adversarial)
        return Shaping(plain, self.schooling.epochs, restorer, self.gan, self.collaborative)

    @property
    def kept(self) -> dict[str, nn.Module]:
        """The networks that restore, by name."""
        if self.restorer is None:
            raise ValueError("the networks are not built: train them, or load what was trained")
        return {"network": self.restorer, **(self.gan.modules if self.collaborative.n_steps else {})}

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, how many weights the network has, and the facts of the training."""
        return self._whole(problem.observation), {"n_parameters": self.n_weights, **self.training}

    def stream(self, blocks: Iterable[Tensor], around: Around | None = None) -> Iterator[Tensor]:
        """Window by window, some of them together; channels by themselves."""
        process: Process = self._restored_windows
        return self._by_windows(blocks, process if around is None else around(process, []))

    def _whole(self, observation: Tensor, refined: bool = True) -> Tensor:
        return torch.cat(list(self._by_windows([observation], partial(self._restored_windows, refined=refined))), dim=-1)

    def _by_windows(self, blocks: Iterable[Tensor], process: Process) -> Iterator[Tensor]:
        return by_windows(blocks, process, self.window, self.hop, self.fade, _AT_ONCE)

    def _restored_windows(self, windows: Tensor, refined: bool = True) -> Tensor:
        """(n, channel, window), each channel by itself.

        Args:
            refined: by the discriminator, where collaborative sampling is asked for; not before it is shaped for that.
        """
        restorer = self.kept["network"]
        observation = windows.flatten(0, 1)[:, None].to(self.device)  # (n · channel, 1, window)
        gain = gain_to(self.window_rms, observation)
        if refined and self.collaborative.n_steps:
            assert isinstance(self.gan, Adversarial)
            estimate = self.collaborative.refine(restorer, self.gan, gain * observation)
        else:
            with evaluating(restorer), torch.no_grad():
                estimate = restorer(gain * observation)
        changed = observation + (estimate - gain * observation) / gain  # so that what is not changed is not even rounded
        return changed.reshape(windows.shape).to(windows)
