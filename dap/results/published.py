"""The figures of papers, one file a table in the folder ``paper`` beside this one, to stand beside ours."""

from dataclasses import dataclass, field
import json
from pathlib import Path

from dap.results.results import Section, System

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
        experiment: the one that is for it, where that is not called as the table is.
        settings: of that experiment's runs, those that the table is of: {"data.holdout": "congas"}.
    """

    title: str
    source: str
    task: str
    setting: str
    caveats: list[str]
    rows: list[PublishedRow]
    experiment: str | None = None
    settings: dict[str, str] = field(default_factory=dict)

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
    for name in published_names():
        published = read_published(name)
        wanted = {"experiment": published.experiment or name, **published.settings}
        if section.runs and all(run.settings.get(key) == value for run in section.runs for key, value in wanted.items()):
            return published
    return None
