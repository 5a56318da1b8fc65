"""The files of a training, written as it goes: each whole or not at all."""

import csv
import io
import json
from pathlib import Path
import time
from typing import Any

from torch import Tensor

from dap.metrics.scores import METRICS
from dap.record.checkpoint import NAME, write_checkpoint
from dap.record.metrics import Metrics
from dap.record.plots import draw_losses, draw_spectrograms
from dap.record.report import Report, render_report
from dap.record.trackers.tracker import Tracker
from dap.record.trained import NAME as TRAINED
from dap.record.trained import Trained, write_trained
from dap.system.files import remove_unfinished, write_whole

Row = dict[str, float | None]
RESULTS = ("run.json", "metrics.json", "losses.csv", "losses.png", "spectrograms.png", "report.html", TRAINED)


class TrainingFolder:
    """The record of a training.

    Args:
        path: the folder; made where it is missing.
        facts: what run.json says besides what is found out here.
        tracker: is told of each epoch too.
        earlier: what `save_checkpoint` kept of the record, where a training goes on that was stopped.
    """

    def __init__(self, path: Path, facts: dict[str, Any], tracker: Tracker, earlier: dict[str, Any] | None = None) -> None:
        self.path, self.tracker = path, tracker
        self.rows: list[Row] = earlier["rows"] if earlier else []
        self.begun = time.monotonic() - (earlier["seconds"] if earlier else 0.0)  # not the clock, which may be set back
        self.updates = earlier["updates"] if earlier else 0
        self.facts = {**facts, "resumed_at": [*earlier["resumed_at"], self.updates] if earlier else []}
        path.mkdir(parents=True, exist_ok=True)
        remove_unfinished(path)
        self.write_status("running")
        tracker.start(path, self.facts)

    def write_status(self, status: str, metrics: Metrics | None = None, **more: Any) -> None:
        """run.json: what is known so far."""
        done = {"seconds": round(time.monotonic() - self.begun, 2), "epochs_done": len(self.rows), "steps_done": self.updates}
        self._write_json("run.json", {"status": status, **self.facts, **done, **more})
        if status != "running":
            self.tracker.finish(metrics or {}, status)

    def add_epoch(self, row: Row) -> None:
        """A row of losses.csv: ``epoch`` from 1, ``step`` (updates so far), losses and scores by name."""
        self.rows.append({**row, "seconds": time.monotonic() - self.begun})
        write_whole(self.path / "losses.csv", _csv(self.rows))
        self.tracker.add_row(self.rows[-1])

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """checkpoint.pt: the state of the training, and the record up to here."""
        seconds = time.monotonic() - self.begun
        record = {"rows": self.rows, "seconds": seconds, "updates": self.updates, "resumed_at": self.facts["resumed_at"]}
        write_checkpoint(self.path, self.facts["identity"], {**state, "record": record})

    def keep(self, trained: Trained) -> None:
        """best.pt."""
        write_trained(self.path, trained)

    def finish(self, row: Row, keep: str, sounds: dict[str, Tensor], sample_rate: int, note: str) -> None:
        """The scores, the pictures and the report.

        Args:
            row: of the epoch whose weights were kept.
            keep: by which rule.
            sounds: (channel, time), by name.
            sample_rate: Hz, of these.
            note: to the scores.
        """
        metrics: Metrics = {
            entry: {name: row[f"{prefix}_{name}"] for name in METRICS if row.get(f"{prefix}_{name}") is not None}
            for entry, prefix in (("observation", "input"), ("restored", "valid"))
        }
        metrics["restored"] = {"rule": keep, "blind": True, "step": row["step"], **metrics["restored"]}
        self._write_json("metrics.json", metrics)
        pictures = {"Losses": draw_losses(self.rows), "Spectrograms": draw_spectrograms(sounds, sample_rate)}
        for name, png in pictures.items():
            write_whole(self.path / f"{name.lower()}.png", png)
            self.tracker.add_picture(name.lower(), png)
        report = Report(
            title=f"Training: {self.facts['trained']}",
            facts=[(name, str(value)) for name, value in self.facts.items()],
            metrics=metrics,
            sounds=sounds,
            snapshots=[],
            sample_rate=sample_rate,
            pictures={"Losses": pictures["Losses"]},
            notes=[f"The weights of epoch {row['epoch']} were kept. {note}"],
        )
        write_whole(self.path / "report.html", render_report(report))
        self.write_status("finished", metrics)  # the last: what says so is whole
        (self.path / NAME).unlink(missing_ok=True)

    def _write_json(self, name: str, content: Any) -> None:
        write_whole(self.path / name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def clear_training(folder: Path) -> None:
    """Take away what a training wrote; nothing else that is in the folder."""
    for name in (*RESULTS, NAME):
        (folder / name).unlink(missing_ok=True)


def _csv(rows: list[Row]) -> str:
    """Columns in the order in which they appear, the seconds last; losses that an epoch does not have are empty."""
    columns = [*dict.fromkeys(name for row in rows for name in row if name != "seconds"), "seconds"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: "" if value is None else f"{value:.7g}" for name, value in row.items()})
    return text.getvalue()
