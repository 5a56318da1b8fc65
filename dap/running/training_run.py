"""A method, trained by its plan into a folder; and gone on with where an earlier process was stopped."""

import contextlib
from dataclasses import replace
import math
from pathlib import Path
import traceback
from typing import Any

import torch

from dap.data.clip import Clip, Dataset
from dap.methods.observe import observe_clip
from dap.methods.problem import Problem
from dap.methods.train import Progress
from dap.methods.training_plan import TrainingPlan
from dap.record.checkpoint import read_checkpoint
from dap.record.earlier import is_finished
from dap.record.identity import identity
from dap.record.run_folder import by_source
from dap.record.trained import NAME, Trained, read_trained
from dap.record.training_folder import RESULTS, Row, TrainingFolder, clear_training
from dap.running.following import Following, failure_told
from dap.running.parts import Parts
from dap.running.restoration import facts_of
from dap.system.files import locked
from dap.system.interruption import Interruption
from dap.system.memory import is_out_of_memory

_REPORT_SECONDS = 10.0  # of the sound in the report


class Chosen:
    """Some of the clips of a data set."""

    def __init__(self, dataset: Dataset, indices: list[int]) -> None:
        self.dataset, self.indices = dataset, indices
        self.names = [dataset.names[index] for index in indices]

    def __getitem__(self, index: int) -> Clip:
        return self.dataset[self.indices[index]]


def train(parts: Parts, folder: Path) -> tuple[Parts, Path]:
    """Train ``parts.method``, where it learns; returns the parts with the clips that it is to restore, and their folder.

    The training goes into ``folder``, the clips into its folder test; a training that runs share goes into a folder of its own,
    the clips into ``folder``. What an earlier process did of it is not done again: one that is finished is read, one that was
    stopped goes on from its checkpoint. The setting ``restart`` begins anew.

    Raises:
        ValueError: data and configuration do not fit each other, the folder holds another run, or another process trains the
            same: nothing was begun.
        FloatingPointError: a loss was no number; run.json says so. MemoryError: there is not enough of it.
        KeyboardInterrupt, SystemExit: a signal; the checkpoint is written.
    """
    plan = parts.method.plan(parts.data, parts.task)
    if plan is None:
        return parts, folder
    if parts.settings["data"].get("degraded"):
        raise ValueError("data.degraded: training needs clean sounds, which the task damages; false was expected")
    training = Training(parts, plan)
    restored = replace(parts, data=Chosen(parts.data, plan.tested))
    if plan.shared is None:
        training.done(folder)
        return restored, folder / "test"
    place = Path(plan.shared).expanduser() / f"{parts.choices['model']}_{training.identity[:12]}"
    with locked(place):
        training.done(place)
    return restored, folder


class Training:
    """The updates of a plan, and their record.

    Raises:
        ValueError: data and configuration do not fit each other.
    """

    def __init__(self, parts: Parts, plan: TrainingPlan) -> None:
        self.parts, self.plan = parts, plan
        settings = parts.settings
        told = {name: value for name, value in settings["data"].items() if name != "path"}
        decisive = {**settings, "read": told} if plan.shared is None else {"method": settings["method"]}
        self.identity = identity({**decisive, **plan.heard}, torch.zeros(0), None)
        facts = facts_of(parts)
        self.facts = {
            "identity": self.identity,
            "trained": f"{facts['system']} for {facts['task']}",
            **{name: value for name, value in facts.items() if name not in ("task", "system", "method", "steps")},
            "epochs": plan.loop.epochs,
            **plan.facts,
            "sample_rate": plan.sample_rate,
        }
        self.best = float("inf")
        self.best_row: Row = {}
        self.interruption = Interruption()

    def done(self, folder: Path) -> None:
        """Train into the folder, as far as that is not done, and give the method what was trained; see `train`."""
        if self.parts.settings["restart"]:
            clear_training(folder)
        if is_finished(folder, self.identity, RESULTS):
            print(f"{folder}: trained already", flush=True)
        else:
            self.run(folder, read_checkpoint(folder, self.identity))
        self._load(folder)

    def run(self, folder: Path, state: dict[str, Any] | None) -> None:
        """Train, from the beginning or from a checkpoint's state; see `train`."""
        if state is not None:
            self.plan.loop.load_state_dict(state["loop"])
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
            reason = f"out of memory on {self.plan.loop.device}: take a smaller method.batch_size, method.window or size"
            with contextlib.suppress(OSError):
                record.write_status("failed", reason=reason)
            raise MemoryError(reason) from error

    def _follow(self, record: TrainingFolder) -> None:
        """Record the epochs; with a checkpoint after each, and now and then between."""
        every = self.parts.settings["checkpoint_seconds"]

        def save(_: Progress) -> None:
            record.save_checkpoint({"loop": self.plan.loop.state_dict(), "best": self.best, "best_row": self.best_row})

        def at(trained: Progress) -> bool:
            return trained.epoch_done and every is not None

        bar = {"initial": record.updates, "unit": "batch"}
        with Following(self.plan.loop, save, every, self.interruption, at, **bar) as following:
            for trained in following:
                record.updates += 1
                following.show({"epoch": trained.epoch + 1, **{k: f"{v:.3g}" for k, v in trained.losses.items()}})
                if trained.epoch_done:
                    self._end_epoch(record, trained.epoch, trained.losses)

    def _end_epoch(self, record: TrainingFolder, epoch: int, losses: dict[str, float]) -> None:
        """Judge by what is held out; keep the weights where they are wanted; tell of it."""
        update = self.plan.loop.update
        scores = self.plan.validate(epoch)
        (lr,) = {group["lr"] for group in update.optimizers["network"].param_groups}
        row: Row = {"epoch": epoch + 1, "step": record.updates, "lr": lr, **losses, **scores}
        distance = scores.get("valid_distance")
        if distance is not None:
            if not math.isfinite(distance):
                raise FloatingPointError(f"the validation's distance became {distance} in epoch {epoch + 1}: try a smaller lr")
            update.end_epoch(distance)
        if self.plan.keep == "last" or (distance is not None and distance < self.best):
            self.best, self.best_row = self.best if distance is None else distance, row
            record.keep(self._trained(row))
        record.add_epoch(row)
        shown = ", ".join(f"{name} {value:.4g}" for name, value in row.items() if value is not None and name != "epoch")
        print(f"epoch {epoch + 1}/{self.plan.loop.epochs}: {shown}", flush=True)

    def _trained(self, row: Row) -> Trained:
        settings = self.parts.settings
        return Trained(
            method=settings["method"],
            task=settings["task"],
            sample_rate=self.plan.sample_rate,
            peak=settings["data"].get("peak"),
            weights={name: network.state_dict() for name, network in self.plan.networks.items()},
            facts={"trained": self.facts["trained"], **row},
        )

    def _load(self, folder: Path) -> None:
        """Give the method what was trained in the folder."""
        trained = read_trained(folder / NAME)
        losses = {f"training_{name}": trained.facts[name] for name in ("loss", "valid_distance") if name in trained.facts}
        facts = {"trained": str(folder), "epochs": self.plan.loop.epochs, **losses}
        self.parts.method.load(trained.weights, facts)

    def _finish(self, record: TrainingFolder) -> None:
        """The report, with the first test clip restored by what was kept."""
        self._load(record.path)
        clip, task, observation = observe_clip(
            self.parts.data[self.plan.tested[0]], self.parts.task, self.parts.settings["seed"]
        )
        n_samples = round(_REPORT_SECONDS * clip.sample_rate)
        reference, observation = clip.waveform[..., :n_samples], observation[..., :n_samples]
        *_, last = self.parts.method.iterates(None, Problem(observation, task, clip.sample_rate))
        note = f"{self.plan.note} The sounds: the first {_REPORT_SECONDS:g} s at most of {clip.name}, a test clip."
        sounds = {**by_source("reference", reference), "observation": observation, **by_source("restored", last.estimate)}
        record.finish(self.best_row, self.plan.keep, sounds, clip.sample_rate, note)
