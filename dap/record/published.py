"""The figures of papers, one file a table in the folder ``paper`` beside this one, to stand beside ours."""

from dataclasses import dataclass
import json
from pathlib import Path

from dap.record.results import Section, System

_FOLDER = Path(__file__).with_name("paper")

HUMAN_VOTES = "human_votes"
"""Not a score of METRICS: the share of listeners who picked the system as the best."""


@dataclass(frozen=True)
class PublishedRow:
    """One row of a paper's table.

    Args:
        name: as the paper calls the system.
        system: as dap does; None where dap has none like it.
        scores: by the names of METRICS, and `HUMAN_VOTES`.
    """

    name: str
    system: str | None
    scores: dict[str, float]


@dataclass(frozen=True)
class Published:
    """A paper's table.

    Args:
        title, source: what it is and where it stands.
        task: what was restored, by dap's name.
        setting: the damage and the clips.
        caveats: what the paper leaves open, and what we read into it.
        rows: in the paper's order.
    """

    title: str
    source: str
    task: str
    setting: str
    caveats: list[str]
    rows: list[PublishedRow]

    def row_of(self, system: System) -> PublishedRow | None:
        """The row to stand beside a system; none for what settings besides the stopping rule tell apart, e.g. an ablation."""
        plain = set(system.settings) <= {"stopping"}
        return next((row for row in self.rows if plain and row.system == system.name), None)


def published_names() -> list[str]:
    """What `read_published` takes.

    >>> published_names()[:2]
    ['table1_music', 'table1_speech']
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
    return Published(**{**content, "rows": [PublishedRow(**row) for row in content["rows"]]})


def published_for(section: Section) -> Published | None:
    """The table that all runs of a section are an experiment for: ``experiment=table1_speech``; None where there is none."""
    experiments = {run.settings.get("experiment") for run in section.runs}
    name = experiments.pop() if len(experiments) == 1 else None
    return read_published(name) if name in published_names() else None
