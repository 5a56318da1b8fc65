"""A short run as a tracker is told of it, for the tests of each."""

import io
from pathlib import Path

import matplotlib.image
import numpy as np
import torch

from dap.record.trackers.tracker import Tracker

RATE = 8000
SOUND = torch.stack([torch.linspace(-1.5, 1.5, 800), torch.linspace(0.5, -0.5, 800)])  # stereo, beyond full scale
FACTS = {"task": "denoise", "system": "harmonic", "clip": "a", "seed": 3, "versions": {"dap": "1"}, "overrides": ["steps=2"]}
ROWS = [{"step": step, "loss": 0.5**step, "psnr_reference": 10.0 + step, "stopping": None} for step in range(3)]
METRICS = {
    "observation": {"si_sdr": 5.0},
    "restored": {"rule": "emv", "blind": True, "step": 1, "si_sdr": 9.0, "not_scored": {"snr": "silence"}},
}


def png() -> bytes:
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, np.random.default_rng(0).random((6, 9, 3)), format="png")
    return buffer.getvalue()


def tell(tracker: Tracker, folder: Path, clip: str = "a") -> None:
    """A whole run; the restored sound is of an earlier step than the last row."""
    folder.mkdir(parents=True, exist_ok=True)
    tracker.start(folder, {**FACTS, "clip": clip})
    tracker.add_sound("observation", 0, SOUND, RATE)
    for row in ROWS:
        tracker.add_row(row)
        tracker.add_sound("estimate", int(row["step"]), SOUND, RATE)
    tracker.add_sound("restored", 1, SOUND, RATE)
    tracker.add_picture("curves", png())
    tracker.finish(METRICS, "finished")
