"""The figures of papers, one file a table in the folder ``paper`` beside this one, to stand beside ours."""

from dataclasses import dataclass, field
import json
from pathlib import Path

from dap.results.results import System
from dap.results.runs import Run

_FOLDER = Path(__file__).with_name("paper")

HUMAN_VOTES = "human_votes"
"""Not a score of METRICS: the share of listeners who picked the system as the best."""


@dataclass(frozen=True)
class PublishedRow:
    """One row of a paper's table.

    Args:
        name: as the paper calls the system.
        system: as dap does; None where dap has none like it.
        scores: by the names of METRICS, and `HUMAN_VOTES`; of a table by levels none.
        levels: of a table by levels, its figures: {"5": 16.61}.
    """

    name: str
    system: str | None
    scores: dict[str, float] = field(default_factory=dict)
    levels: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Levels:
    """What the columns of a benchmark's table are: one score at several levels of a damage.

    Args:
        setting: that the levels are of: "task.input_sdr_db".
        label: of a column: "{} dB".
        score: of METRICS.
        title: of what is shown: "ΔSDR, dB".
        gain: whether that is the score less the observation's.
    """

    setting: str
    label: str
    score: str
    title: str
    gain: bool = False


@dataclass(frozen=True)
class Published:
    """A paper's table.

    Args:
        title, source: what it is and where it stands.
        task: what was restored, by dap's name.
        setting: the damage and the clips.
        caveats: what the paper leaves open, and what we read into it.
        rows: in the paper's order.
        experiment: the one that is for it, where that is not called as the table is.
        settings: of that experiment's runs, those that the table is of: {"data.holdout": "congas"}.
        levels: of a table whose columns are levels of a damage; None of one whose columns are scores.
    """

    title: str
    source: str
    task: str
    setting: str
    caveats: list[str]
    rows: list[PublishedRow]
    experiment: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    levels: Levels | None = None

    def row_of(self, system: System) -> PublishedRow | None:
        """The row to stand beside a system; none for what settings besides the stopping rule tell apart, e.g. an ablation."""
        plain = set(system.settings) <= {"stopping"}
        return next((row for row in self.rows if plain and row.system == system.name), None)


def published_names() -> list[str]:
    """What `read_published` takes.

    >>> published_names()[:2]
    ['field_columns', 'field_declipping']
    """
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def read_published(name: str) -> Published:
    """A table by its name.

    Raises:
        ValueError: there is none of that name.

    >>> table = read_published("table1_speech")
    >>> table.rows[-1].name, table.rows[-1].scores["segmental_snr"]
    ('Harmonic', 7.12)
    """
    if name not in published_names():
        raise ValueError(f"{name!r}: no such table of a paper; there are {', '.join(published_names())}")
    content = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    levels = Levels(**content["levels"]) if "levels" in content else None
    return Published(**{**content, "rows": [PublishedRow(**row) for row in content["rows"]], "levels": levels})


def published_for(runs: list[Run]) -> Published | None:
    """The table that all runs are an experiment for: ``experiment=table1_speech``; None where there is none."""
    for name in published_names():
        published = read_published(name)
        wanted = {"experiment": published.experiment or name, **published.settings}
        if runs and all(run.settings.get(key) == value for run in runs for key, value in wanted.items()):
            return published
    return None
