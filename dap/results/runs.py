"""The runs below a folder, one by one: what they were told, what came of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dap.record.json_file import read_object
from dap.record.neutral import is_neutral

# Overrides that say which clip is restored, not how; and those that name what run.json tells anyway.
_CLIP_KEYS = {"seed", "data", "data.path", "data.glob", "data.limit", "data.start"}
_TOLD_KEYS = {"task", "model", "method"}


@dataclass(frozen=True)
class Run:
    """One clip's restoration, as its files tell of it.

    Args:
        path: of its folder, relative to the folder that was read.
        facts: run.json.
        metrics: metrics.json; empty where there is none yet.
    """

    path: str
    facts: dict[str, Any]
    metrics: dict[str, dict[str, Any]]

    @property
    def status(self) -> str:
        return str(self.facts.get("status", "unknown"))

    @property
    def finished(self) -> bool:
        return self.status == "finished" and "restored" in self.metrics

    @property
    def seed(self) -> int:
        return int(self.facts.get("seed", 0))

    @property
    def settings(self) -> dict[str, str]:
        """What the command line set.

        >>> Run("0", {"overrides": ["model=harmonic", "+lr=1e-3"]}, {}).settings
        {'model': 'harmonic', 'lr': '1e-3'}
        """
        pairs = (str(override).partition("=") for override in self.facts.get("overrides", []))
        return {key.lstrip("+"): value for key, _, value in pairs}


def find_runs(folder: Path) -> list[Run]:
    """Every run below a folder, in the order of their numbers.

    Raises:
        ValueError: a run.json or metrics.json that is not JSON.
    """
    paths = sorted(folder.rglob("run.json"), key=lambda path: [_number(part) for part in path.relative_to(folder).parts])
    return [
        Run(str(path.parent.relative_to(folder)), read_object(path), read_object(scores) if scores.exists() else {})
        for path in paths
        for scores in [path.with_name("metrics.json")]
    ]


def setting_of_system(key: str) -> bool:
    """Whether a setting is of the system: not of the clip or of the damage, and not one that changes no result."""
    return key not in _CLIP_KEYS | _TOLD_KEYS and not is_neutral(key) and not setting_of_condition(key)


def setting_of_condition(key: str) -> bool:
    """Whether a setting is of the damage: of the task, or of how the clips were brought to it."""
    return key not in _CLIP_KEYS and (key == "experiment" or key.startswith(("task.", "data.")))


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """The last part of each dotted key, the whole key where two have the same.

    >>> short_names(["model.operator.mixing", "model.width", "size.width"])
    {'model.operator.mixing': 'mixing', 'model.width': 'model.width', 'size.width': 'size.width'}
    """
    keys = list(keys)
    lasts = [key.rpartition(".")[2] for key in keys]
    return {key: last if lasts.count(last) == 1 else key for key, last in zip(keys, lasts, strict=True)}


def _number(part: str) -> tuple[int, str]:
    """So that 10 comes after 9."""
    return (int(part), "") if part.isdigit() else (-1, part)
