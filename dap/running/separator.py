"""The training of a separation: once for the same settings and sounds, in a folder of its own, resumed where it stopped."""

import csv
import hashlib
import io
import json
from pathlib import Path
import time
from typing import Any

import torch

from dap.data.instruments import Instruments, Sound
from dap.methods.learned.mask_update import MaskUpdate
from dap.methods.learned.mix_and_separate import MixAndSeparate
from dap.methods.learned.mixture_batches import MixtureBatches
from dap.methods.learned.train import Progress, Train
from dap.record.checkpoint import read_checkpoint, write_checkpoint
from dap.record.identity import identifying
from dap.running.following import Following
from dap.running.parts import Parts
from dap.system.files import locked, write_whole
from dap.system.interruption import Interruption

_VALIDATION_BATCHES = 4
_COLUMNS = ("epoch", "loss", "validation_loss", "seconds")

Row = dict[str, float]


def train_separator(parts: Parts, method: MixAndSeparate) -> None:
    """Train the method's network on the data's sounds, or take it from where the same was trained before.

    ``method.trained`` gets a folder, named by what decides the weights: training.json (the settings), training.csv (a row an
    epoch: the mean loss over its updates, and the loss on mixtures of the sounds kept for testing, of the same instruments),
    checkpoint.pt. Nothing is chosen by the validation: the last weights are taken.

    Raises:
        ValueError: the data is none of instruments, or another process trains the same.
        FloatingPointError: the loss is no longer finite.
        KeyboardInterrupt, SystemExit: a signal; the checkpoint is written.
    """
    data = parts.data
    if not isinstance(data, Instruments):
        raise ValueError("method=mix_and_separate is trained on instruments by themselves: take data=instruments")
    update = method.update(data.n_samples, data.sample_rate)
    facts = _training_facts(parts, data)
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
    folder = Path(method.trained).expanduser() / f"{parts.choices['model']}_{digest[:12]}"
    with locked(folder):
        state = None if parts.settings["restart"] else read_checkpoint(folder, digest)
        write_whole(folder / "training.json", json.dumps(facts, indent=2, default=str) + "\n")
        rows = _train(method, data, update, folder, digest, state, parts.settings["checkpoint_seconds"])
    method.training |= {
        "trained": str(folder),
        "epochs": len(rows),
        **{f"training_{name}": rows[-1][name] for name in _COLUMNS[1:]},
    }


def _train(
    method: MixAndSeparate,
    data: Instruments,
    update: MaskUpdate,
    folder: Path,
    digest: str,
    state: dict[str, Any] | None,
    every: float | None,
) -> list[Row]:
    """Train to the last epoch, with a checkpoint after each and every so many seconds; returns the rows of training.csv."""

    def batches(sounds: dict[str, list[Sound]], n_batches: int, level_db: float) -> MixtureBatches:
        return MixtureBatches(sounds, data.target, data.n_samples, method.batch_size, n_batches, level_db, method.seed)

    tests = {name: data.testing[name] for name in data.training if data.testing[name]}
    validation = list(batches(tests, _VALIDATION_BATCHES, 0.0).epoch(0)) if len(tests) > 1 and data.target in tests else []
    train = Train(update, batches(data.training, method.n_batches, method.level_db), method.epochs, method.device)
    rows: list[Row] = []
    spent = 0.0
    if state is not None:
        train.load_state_dict(state["train"])
        rows, spent = state["rows"], state["seconds"]
    begun = time.monotonic() - spent

    def save(_: Progress) -> None:
        content = {"train": train.state_dict(), "rows": rows, "seconds": time.monotonic() - begun}
        write_checkpoint(folder, digest, content)
        _write_rows(folder, rows)

    total, done = method.epochs * method.n_batches, train.next_epoch * method.n_batches + train.next_step
    bar = {"desc": "training", "total": total, "initial": done, "unit": "update"}
    with Following(train, save, every, Interruption(), lambda trained: trained.epoch_done, **bar) as following:
        for trained in following:
            following.show(trained.losses)
            if trained.epoch_done:
                with torch.no_grad():
                    update.network.eval()
                    losses = [update.objective((batch[0].to(method.device),)).item() for batch in validation]
                    update.network.train()
                value = sum(losses) / len(losses) if losses else float("nan")
                seconds = round(time.monotonic() - begun, 2)
                row = (trained.epoch + 1, trained.losses["loss"], value, seconds)
                rows.append(dict(zip(_COLUMNS, row, strict=True)))
    return rows


def _write_rows(folder: Path, rows: list[Row]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(folder / "training.csv", text.getvalue())


def _training_facts(parts: Parts, data: Instruments) -> dict[str, Any]:
    """All that decides the weights."""
    method = {name: value for name, value in identifying(parts.settings["method"]).items() if name != "trained"}
    sounds = {
        instrument: {sound.name: hashlib.sha256(sound.samples.numpy().tobytes()).hexdigest()[:12] for sound in of_one}
        for instrument, of_one in data.training.items()
    }
    return {"method": method, "target": data.target, "n_samples": data.n_samples, "sounds": sounds}
