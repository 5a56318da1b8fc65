"""MLflow: a database and a folder of files beside the run folder, or a server."""

import logging
import os
from pathlib import Path
import tempfile
import time
from typing import Any

from torch import Tensor

from dap.audio.sound_file import write_audio
from dap.record.curves import Row
from dap.record.trackers.tracker import Tracker, check_tracker, numbers

_BATCH = 500  # points sent at once: a transaction takes some 20 ms, and a server takes 1000 points at most
_STATUS = {"finished": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}


class MLflow(Tracker):
    """A run for each clip: facts as parameters, curves and scores as metrics, sounds and pictures as artifacts.

    Args:
        experiment: where it is filed.
        uri: of the database or server, e.g. sqlite:////home/me/mlflow.db; None is mlflow.db in the folder that holds the run
            folder, so a sweep has one for all its runs: `mlflow ui --backend-store-uri sqlite:///FOLDER/mlflow.db`.
        every: a row of every how many steps is kept.

    Raises:
        ValueError: mlflow is not installed, or every is below 1.
    """

    def __init__(self, experiment: str = "dap", uri: str | None = None, every: int = 1) -> None:
        check_tracker("mlflow", every)
        self.experiment, self.uri, self.every = experiment, uri, every

    def start(self, folder: Path, facts: dict[str, Any]) -> None:
        """A new run; the database and the experiment are made where they are missing."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nothing leaves the machine unasked
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # a server that is away costs seconds, not minutes
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")  # and one that is silent a minute or two
        from mlflow import MlflowClient
        from mlflow.entities import Param

        for logger in ("mlflow", "alembic"):
            logging.getLogger(logger).setLevel(logging.WARNING)  # no word about each table of a new database
        beside = folder.resolve().parent
        self.client = MlflowClient(self.uri or f"sqlite:///{beside / 'mlflow.db'}")
        found = self.client.get_experiment_by_name(self.experiment)
        files = None if self.uri else (beside / "mlflow_files").as_uri()
        number = found.experiment_id if found else self.client.create_experiment(self.experiment, files)
        name = f"{facts['task']} {facts['system']} {facts['clip']}"
        self.run_id = self.client.create_run(number, run_name=name).info.run_id
        self.client.log_batch(self.run_id, params=[Param(key, str(value)) for key, value in facts.items()])
        self.points: list[Any] = []  # not sent yet

    def add_row(self, row: Row) -> None:
        """A point of each curve; they are sent together, with the next sound at the latest."""
        values = numbers(row)
        self._log(values, int(values.pop("step", 0)))

    def add_sound(self, name: str, step: int, waveform: Tensor, sample_rate: int) -> None:
        """A file sounds/NAME_STEP.wav."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{name}_{step:06d}.wav")
            write_audio(path, waveform, sample_rate)
            self.client.log_artifact(self.run_id, str(path), "sounds")
        self._send()

    def add_picture(self, name: str, png: bytes) -> None:
        """A file NAME.png."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{name}.png")
            path.write_bytes(png)
            self.client.log_artifact(self.run_id, str(path))

    def finish(self, metrics: dict[str, dict[str, Any]], status: str) -> None:
        """The scores, each at the step of its estimate, and the end of the run."""
        for entry, scores in metrics.items():
            self._log(numbers(scores, f"{entry}/"), scores.get("step") or 0)
        self._send()
        self.client.set_terminated(self.run_id, _STATUS[status])

    def _log(self, values: dict[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        self.points += [Metric(name, value, now, step) for name, value in values.items()]
        if len(self.points) >= _BATCH:
            self._send()

    def _send(self) -> None:
        self.client.log_batch(self.run_id, self.points)
        self.points = []
