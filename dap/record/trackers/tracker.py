"""What follows a run beside its folder, so that many runs can be looked at in a program made for that."""

from collections.abc import Mapping
import importlib.util
import math
from pathlib import Path
from typing import Any

from torch import Tensor

from dap.record.curves import Row


class Tracker:
    """Is told of a run while it goes on. This one keeps nothing; the others override its methods.

    One tracker serves the clips of a run one after another: for each of them start, then rows, sounds and pictures, then
    finish, however it ended. It may fail at any of these without harm to the run, see `Guarded`.

    Attributes:
        every: rows of how many steps it wants one of.
    """

    every = 1

    def start(self, folder: Path, facts: dict[str, Any]) -> None:
        """A clip's restoration begins, or goes on; ``folder`` is its own, ``facts`` what its run.json says.

        Where it goes on, ``facts["resumed_at"]`` ends with the step after which it does: rows of later steps that an earlier
        process told of are told again.
        """

    def add_row(self, row: Row) -> None:
        """The row of the curves of one iterate."""

    def add_sound(self, name: str, step: int, waveform: Tensor, sample_rate: int) -> None:
        """A sound, (channel, time) on the CPU, at the level of the input."""

    def add_picture(self, name: str, png: bytes) -> None:
        """A picture, as a PNG file's content."""

    def finish(self, metrics: dict[str, dict[str, Any]], status: str) -> None:
        """The end: metrics.json's content (empty if it was not reached), and "finished", "failed" or "interrupted"."""


def numbers(content: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """The finite numbers in a mapping, those of inner mappings as OUTER/INNER; truth values and texts are left out.

    >>> numbers({"loss": 0.5, "stopping": None, "restored": {"si_sdr": 9, "rule": "emv", "blind": True}})
    {'loss': 0.5, 'restored/si_sdr': 9.0}
    """
    found = {}
    for name, value in content.items():
        if isinstance(value, Mapping):
            found.update(numbers(value, f"{prefix}{name}/"))
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            found[f"{prefix}{name}"] = float(value)
    return found


def check_tracker(package: str, every: int) -> None:
    """Refuse a tracker whose package is not installed, and an ``every`` below 1: ValueError."""
    if importlib.util.find_spec(package) is None:
        raise ValueError(f"needs {package}: pip install 'dap[{package}]'")
    if every < 1:
        raise ValueError(f"every must be at least 1 step, got {every}")
