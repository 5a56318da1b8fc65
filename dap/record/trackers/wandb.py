"""Weights & Biases: offline in the run folder, or to its server."""

import io
from pathlib import Path
from typing import Any

from torch import Tensor

from dap.record.curves import Row
from dap.record.trackers.tracker import Tracker, check_tracker, numbers

MODES = ("offline", "online")


class WandB(Tracker):
    """A run for each clip: facts as its config, curves, sounds, pictures, scores as its summary.

    Args:
        project: where it is filed.
        mode: "offline" keeps it in FOLDER/wandb, for `wandb sync` if ever; "online" sends it as it goes, and wants an account.
        every: a row of every how many steps is kept.

    Raises:
        ValueError: wandb is not installed, an unknown mode, or every is below 1.
    """

    def __init__(self, project: str = "dap", mode: str = "offline", every: int = 1) -> None:
        check_tracker("wandb", every)
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
        self.project, self.mode, self.every = project, mode, every

    def start(self, folder: Path, facts: dict[str, Any]) -> None:
        """A new run, silent in the terminal."""
        import wandb

        self.run = wandb.init(
            project=self.project,
            name=f"{facts['task']} {facts['system']} {facts['clip']}",
            config=facts,
            dir=str(folder),
            mode=self.mode,
            reinit="create_new",
            settings=wandb.Settings(silent=True, console="off"),
        )

    def add_row(self, row: Row) -> None:
        """A point of each curve."""
        values = numbers(row)
        self._log(values, int(values.pop("step", 0)))

    def add_sound(self, name: str, step: int, waveform: Tensor, sample_rate: int) -> None:
        """A player, its step in the caption; what is beyond full scale is clipped."""
        import wandb

        sound = wandb.Audio(waveform.clamp(-1, 1).T.numpy(), sample_rate=sample_rate, caption=f"step {step}")
        self._log({name: sound}, step)

    def add_picture(self, name: str, png: bytes) -> None:
        """A picture, as it is."""
        from PIL import Image
        import wandb

        self._log({name: wandb.Image(Image.open(io.BytesIO(png)))}, 0)

    def finish(self, metrics: dict[str, dict[str, Any]], status: str) -> None:
        """The scores, and the end of the run."""
        self.run.summary.update({**numbers(metrics), "status": status})
        self.run.finish(exit_code=0 if status == "finished" else 1)

    def _log(self, values: dict[str, Any], step: int) -> None:
        """A W&B step never goes back: what belongs to an earlier one (the estimate chosen at the end) stands at the last."""
        self.run.log(values, step=max(step, self.run.step))
