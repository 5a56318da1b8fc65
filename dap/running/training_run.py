"""A model, trained on some files of a data set and judged on others; and gone on with where an earlier process was stopped."""

import contextlib
from dataclasses import replace
import math
from pathlib import Path
import traceback
from typing import Any

import torch
from torch import Tensor

from dap.data.clip import Clip
from dap.data.split import Split, split_files
from dap.data.stretches import Stretches
from dap.methods.learned.supervised import Supervised
from dap.methods.learned.train import Progress, Train
from dap.methods.learned.window_batches import WindowBatches
from dap.metrics.scores import METRICS, score
from dap.record.checkpoint import read_checkpoint
from dap.record.earlier import is_finished
from dap.record.identity import identity
from dap.record.trained import NAME, Trained, read_trained
from dap.record.training_folder import RESULTS, Row, TrainingFolder, clear_training
from dap.running.following import Following, failure_told
from dap.running.parts import Parts
from dap.running.restoration import facts_of, observe_clip
from dap.running.trained_model import load
from dap.system.interruption import Interruption
from dap.system.memory import is_out_of_memory

_SCORES = ("snr", "log_spectral_distance_1024", "si_sdr")  # of every epoch
_REPORT_SECONDS = 10.0  # of the sound in the report


class Chosen:
    """Some of the clips of a data set."""

    def __init__(self, dataset: Any, indices: list[int]) -> None:
        self.dataset, self.indices = dataset, indices
        self.names = [dataset.names[index] for index in indices]

    def __getitem__(self, index: int) -> Clip:
        clip: Clip = self.dataset[self.indices[index]]
        return clip


def train(parts: Parts, folder: Path) -> Parts:
    """Train ``parts.method`` into a folder; returns the parts with the trained method, and the test files for their data.

    What an earlier process did in this folder is not done again: a training that is finished is read, one that was stopped
    goes on from its checkpoint. The setting ``restart`` begins anew.

    Raises:
        ValueError: data and configuration do not fit each other, or the folder holds another run: nothing was begun.
        FloatingPointError: a loss was no number; run.json says so. MemoryError: there is not enough of it.
        KeyboardInterrupt, SystemExit: a signal; the checkpoint is written.
    """
    training = Training(parts)
    if parts.settings["restart"]:
        clear_training(folder)
    if is_finished(folder, training.identity, RESULTS):
        print(f"{folder}: trained already", flush=True)
    else:
        training.run(folder, read_checkpoint(folder, training.identity))
    load(training.method, read_trained(folder / NAME))
    return replace(parts, data=Chosen(parts.data, training.split.test))


class Training:
    """The files shared out, the updates, and the record.

    Raises:
        ValueError: data and configuration do not fit each other.
    """

    def __init__(self, parts: Parts) -> None:
        assert isinstance(parts.method, Supervised)
        self.parts, self.method = parts, parts.method
        schooling, seed = self.method.schooling, parts.settings["seed"]
        if parts.settings["data"].get("degraded"):
            raise ValueError("data.degraded: training needs clean sounds, which the task damages; false was expected")
        self.split: Split = split_files(
            parts.data.names, schooling.n_train, schooling.n_valid, schooling.n_test, schooling.test_names, seed
        )
        self.train_stretches = Stretches(parts.data, self.split.train, schooling.stretch_seconds)
        self.valid_stretches = Stretches(parts.data, self.split.valid, schooling.valid_seconds)
        everything = [*self.split.train, *self.split.valid, *self.split.test]
        self.sample_rate = Stretches(parts.data, everything, schooling.stretch_seconds).sample_rate  # one, or a ValueError
        batches = WindowBatches(
            self.train_stretches,
            parts.task,
            self.method.window,
            self.method.hop,
            schooling.batch_size,
            seed,
            schooling.n_batches,
            self.method.window_rms,
        )
        update = self.method.update()
        self.loop = Train(update, batches, self.method.epochs, self.method.device)
        shared = {name: [parts.data.names[index] for index in getattr(self.split, name)] for name in ("train", "valid", "test")}
        told = {name: value for name, value in parts.settings["data"].items() if name != "path"}
        heard = {"files": shared, "read": told, "stretches": self.train_stretches.items}
        self.identity = identity({**parts.settings, **heard}, torch.zeros(0), None)
        facts = facts_of(parts)
        self.facts = {
            "identity": self.identity,
            "trained": f"{facts['system']} for {facts['task']}",
            **{name: value for name, value in facts.items() if name not in ("task", "system", "method", "steps")},
            "n_parameters": self.method.n_weights,
            "epochs": self.method.epochs,
            "files": shared,
            "sample_rate": self.sample_rate,
        }
        self.best = float("inf")
        self.best_row: Row = {}
        self.interruption = Interruption()

    def run(self, folder: Path, state: dict[str, Any] | None) -> None:
        """Train, from the beginning or from a checkpoint's state; see `train`."""
        if state is not None:
            self.loop.load_state_dict(state["loop"])
            self.best, self.best_row = state["best"], state["best_row"]
        record = TrainingFolder(folder, self.facts, self.parts.tracker, None if state is None else state["record"])
        try:
            with failure_told(record.write_status, self.interruption):
                self._follow(record)
                self._finish(record)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            traceback.clear_frames(error.__traceback__)  # they hold what did not fit
            reason = f"out of memory on {self.method.device}: take a smaller method.batch_size, method.window or size"
            with contextlib.suppress(OSError):
                record.write_status("failed", reason=reason)
            raise MemoryError(reason) from error

    def _follow(self, record: TrainingFolder) -> None:
        """Record the epochs; with a checkpoint after each, and now and then between."""
        every = self.parts.settings["checkpoint_seconds"]

        def save(_: Progress) -> None:
            record.save_checkpoint({"loop": self.loop.state_dict(), "best": self.best, "best_row": self.best_row})

        def at(trained: Progress) -> bool:
            return trained.epoch_done and every is not None

        bar = {"initial": record.updates, "unit": "batch"}
        with Following(self.loop, save, every, self.interruption, at, **bar) as following:
            for trained in following:
                record.updates += 1
                following.show({"epoch": trained.epoch + 1, **{k: f"{v:.3g}" for k, v in trained.losses.items()}})
                if trained.epoch_done:
                    self._end_epoch(record, trained.epoch, trained.losses)

    def _end_epoch(self, record: TrainingFolder, epoch: int, losses: dict[str, float]) -> None:
        """Judge by the validation files; keep the weights where they are wanted; tell of it."""
        scores = self._validate(refined=epoch >= self.method.schooling.epochs)
        (lr,) = {group["lr"] for group in self.loop.update.optimizers["network"].param_groups}
        row: Row = {"epoch": epoch + 1, "step": record.updates, "lr": lr, **losses, **scores}
        distance = scores["valid_distance"]
        if distance is None or not math.isfinite(distance):
            raise FloatingPointError(f"the validation's distance became {distance} in epoch {epoch + 1}: try a smaller lr")
        self.loop.update.end_epoch(distance)
        if self.method.schooling.keep == "last" or distance < self.best:
            self.best, self.best_row = distance, row
            record.keep(self._trained(row))
        record.add_epoch(row)
        shown = ", ".join(f"{name} {value:.4g}" for name, value in row.items() if value is not None and name != "epoch")
        print(f"epoch {epoch + 1}/{self.method.epochs}: {shown}", flush=True)

    def _validate(self, refined: bool) -> Row:
        """Means over the validation files: the distance, and the scores of the restored sounds and of the damaged ones."""
        found: dict[str, list[float]] = {}
        for item, (_, start, _) in enumerate(self.valid_stretches.items):
            if start > 0:
                continue  # of each file the first stretch
            reference, observation = self._damaged(item)
            estimate = torch.cat(list(self.method.restored([observation], refined=refined)), dim=-1)
            found.setdefault("valid_distance", []).append(float(self.method.loss(estimate, reference)))
            for name, sound in (("valid", estimate), ("input", observation)):
                for score_name, value in score(sound, reference, self.sample_rate, names=_SCORES).items():
                    if isinstance(value, float):
                        found.setdefault(f"{name}_{score_name}", []).append(value)
        return {name: sum(values) / len(values) for name, values in found.items()}

    def _damaged(self, item: int) -> tuple[Tensor, Tensor]:
        """Reference and observation of a validation file, the same ones in each epoch."""
        reference, observation = self.valid_stretches[item]
        clip = Clip("", reference, self.sample_rate, 1.0, degraded=False, source="", observation=observation)
        return reference, observe_clip(self.parts, clip)[2]

    def _trained(self, row: Row) -> Trained:
        settings = self.parts.settings
        return Trained(
            method=settings["method"],
            task=settings["task"],
            sample_rate=self.sample_rate,
            peak=settings["data"].get("peak"),
            weights={name: network.state_dict() for name, network in self.method.kept.items()},
            facts={"trained": self.facts["trained"], "epoch": row["epoch"], "step": row["step"]},
        )

    def _finish(self, record: TrainingFolder) -> None:
        """The report, with the first test file restored by what was kept."""
        load(self.method, read_trained(record.path / NAME))
        (index, *_) = self.split.test
        clip, _, observation = observe_clip(self.parts, self.parts.data[index])
        n_samples = round(_REPORT_SECONDS * clip.sample_rate)
        heard = {"reference": clip.waveform, "observation": observation}
        heard = {name: sound[:, :n_samples] for name, sound in heard.items()}
        restored = torch.cat(list(self.method.restored([heard["observation"]])), dim=-1)
        row = self.best_row
        metrics: dict[str, dict[str, Any]] = {
            entry: {name: row[f"{prefix}_{name}"] for name in METRICS if row.get(f"{prefix}_{name}") is not None}
            for entry, prefix in (("observation", "input"), ("restored", "valid"))
        }
        metrics["restored"] = {"rule": self.method.schooling.keep, "blind": True, "step": row["step"], **metrics["restored"]}
        notes = [
            f"Scores: means over {len(self.split.valid)} validation files, at epoch {row['epoch']}, whose weights were kept. "
            f"The sounds: the first {_REPORT_SECONDS:g} s at most of {clip.name}, a test file. "
            "The folder test holds the test files, their scores and sounds."
        ]
        record.finish(metrics, {**heard, "restored": restored}, clip.sample_rate, notes)
