"""Run folders as a run leaves them, written by hand, for tests of what reads them."""

import json
from pathlib import Path
from typing import Any

import torch

from dap.audio.sound_file import write_audio

RATE = 8000


def write_run(
    folder: Path,
    system: str,
    clip: str,
    scores: dict[str, float | None] | None = None,
    *,
    seed: int = 0,
    status: str = "finished",
    overrides: tuple[str, ...] = (),
    oracle: dict[str, float] | None = None,
    observation: dict[str, float] | None = None,
    entry: dict[str, Any] | None = None,
    **facts: Any,
) -> None:
    """Write run.json, and for a finished run metrics.json; ``entry`` is what metrics.json says of the restoration besides."""
    folder.mkdir(parents=True)
    told = {
        "task": "denoise",
        "system": system,
        "clip": clip,
        "seed": seed,
        "peak": 1.0,
        "sample_rate": RATE,
        "n_samples": RATE,
    }
    told |= {"status": status, "overrides": [f"model={system}", f"seed={seed}", *overrides], **facts}
    (folder / "run.json").write_text(json.dumps(told))
    if status == "finished":
        metrics = {
            "observation": observation if observation is not None else {"si_sdr": 5.0},
            "restored": {"rule": "discrepancy", "blind": True, "step": 3, **(scores or {}), **(entry or {})},
        }
        if oracle is not None:
            metrics["oracle"] = {"rule": "oracle", "blind": False, "step": 2, **oracle}
        (folder / "metrics.json").write_text(json.dumps(metrics))


def write_sounds(folder: Path, level: float, seconds: float = 0.5) -> None:
    """The sounds of a run: a reference, and restorations that are constants of the given level."""
    samples = torch.ones(1, round(seconds * RATE))
    for name, height in (("reference", 0.5), ("observation", 0.25), ("restored", level)):
        write_audio(folder / f"{name}.wav", height * samples, RATE)
