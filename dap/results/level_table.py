"""A benchmark's table: a row a system, a column a level of the damage, the published figures among the rows."""

from dataclasses import dataclass, field, replace
import math
import statistics

from dap.metrics.scores import METRICS
from dap.results.averages import by_clip
from dap.results.published import Levels, Published, PublishedRow
from dap.results.result_table import observed
from dap.results.results import Results, Section, System, Unit, is_number


@dataclass(frozen=True)
class LevelRow:
    """One line.

    Args:
        name: of the system, or of a published one.
        values: by level; None where there is none. Their mean is over all levels, or there is none.
        clip: of a table by clip.
        ours: whether it was restored here, and not published.
        complete: whether all clips and seeds of all its levels are finished.
        best: levels at which it is the best of ours.
    """

    name: str
    values: list[float | None]
    clip: str = ""
    ours: bool = True
    complete: bool = True
    best: frozenset[int] = frozenset()

    @property
    def mean(self) -> float | None:
        numbers = [value for value in self.values if value is not None]
        return statistics.fmean(numbers) if numbers and len(numbers) == len(self.values) else None


@dataclass(frozen=True)
class LevelTable:
    """A table to be rendered.

    Args:
        title: what it is, and what is shown.
        heads: of the levels.
        rows: of scores.
        costs: of seconds of CPU a second of sound; empty where the runs do not tell.
        notes: below it.
    """

    title: str
    heads: list[str]
    rows: list[LevelRow]
    costs: list[LevelRow]
    notes: list[str] = field(default_factory=list)


def sections_by_level(results: Results, published: Published) -> dict[str, Section] | None:
    """The sections in the order of their levels; None where one level is not one section of the table's task."""
    levels = published.levels
    if levels is None or any(section.task != published.task for section in results.sections):
        return None
    found: dict[str, Section] = {}
    for section in results.sections:
        told = {run.settings.get(levels.setting) for run in section.runs}
        level = _plain(str(told.pop())) if len(told) == 1 else None
        if level is None or level in found:
            return None
        found[level] = section
    return dict(sorted(found.items(), key=lambda item: float(item[0])))


def level_table(sections: dict[str, Section], published: Published, clips: bool = False) -> LevelTable:
    """The table of all clips, or with ``clips`` a row a clip and system, ours alone.

    Args:
        sections: of `sections_by_level`.
        published: of a table by levels.
    """
    levels = published.levels
    assert levels is not None  # as sections_by_level found
    names = sorted({clip for section in sections.values() for clip, _ in section.units}) if clips else [""]
    rows = [row for clip in names for row in _of_ours(sections, levels, clip)]
    if not clips:
        rows = _with_published(rows, published, list(sections))
    costs = [LevelRow(label, [_cost(_system(part, label)) for part in sections.values()]) for label in _labels(sections)]
    return LevelTable(
        f"{published.title}: {levels.title}",
        [levels.label.format(level) for level in sections],
        rows,
        [row for row in costs if not clips and any(row.values)],
    )


def merged(sections: dict[str, Section]) -> Section:
    """All levels as one section, for what is said of all runs."""
    first = next(iter(sections.values()))
    systems: dict[str, System] = {}
    for section in sections.values():
        for system in section.systems:
            if system.label not in systems:
                systems[system.label] = replace(system, runs={}, unfinished=set())
            for unit, runs in system.runs.items():
                systems[system.label].runs.setdefault(unit, []).extend(runs)
    return Section(first.task, "", list(systems.values()))


def _of_ours(sections: dict[str, Section], levels: Levels, clip: str) -> list[LevelRow]:
    """The observation and our systems, the best mean first; of one clip, or of "" all."""
    parts = list(sections.values())
    own = f" ({METRICS[levels.score].title})" if levels.gain else ""
    first = LevelRow(f"observation{own}", [_mean(observed(part, levels.score), clip) for part in parts], clip)
    ours, blind = [], set()
    for label in _labels(sections):
        systems = [_system(part, label) for part in parts]
        units = [{unit for unit in part.units if clip in ("", unit[0])} for part in parts]
        done = [system is not None and wanted <= set(system.runs) for system, wanted in zip(systems, units, strict=True)]
        ours.append(LevelRow(label, [_mean(_scores(system, levels), clip) for system in systems], clip, complete=all(done)))
        if all(system is None or system.blind for system in systems):
            blind.add(label)
    sign = 1 if METRICS[levels.score].higher_is_better else -1
    ours.sort(key=lambda row: -sign * row.mean if row.mean is not None else math.inf)
    least = [0.0 if value is not None and levels.gain else value for value in first.values]  # a gain of nothing is none
    return [first, *_with_best(ours, sign, blind, least)]


def _scores(system: System | None, levels: Levels) -> dict[Unit, float]:
    if system is None:
        return {}
    scores = system.scores(levels.score)
    if not levels.gain:
        return scores
    before = system.scores(levels.score, "observation")
    return {unit: value - before[unit] for unit, value in scores.items() if unit in before}


def _with_best(rows: list[LevelRow], sign: int, blind: set[str], least: list[float | None]) -> list[LevelRow]:
    """Mark the best blind one at each level, by what is shown, where it is alone, above ``least``, and all are complete."""
    rivals = [row for row in rows if row.name in blind]
    if len(rivals) < 2 or not all(row.complete for row in rivals):
        return rows
    best: dict[str, set[int]] = {}
    for index, damaged in enumerate(least):
        found = [(sign * round(value, 2), row.name) for row in rivals if (value := row.values[index]) is not None]
        if len(found) == len(rivals):
            (highest, name), (second, _), *_ = sorted(found, reverse=True)
            if highest > second and (damaged is None or highest > sign * round(damaged, 2)):
                best.setdefault(name, set()).add(index)
    return [replace(row, best=frozenset(best.get(row.name, ()))) for row in rows]


def _with_published(rows: list[LevelRow], published: Published, levels: list[str]) -> list[LevelRow]:
    """Each published row after ours of the same system, the others at the end."""

    def line(row: PublishedRow) -> LevelRow:
        return LevelRow(row.name, [row.levels.get(level) for level in levels], ours=False)

    left = list(published.rows)
    placed = []
    for row in rows:
        placed.append(row)
        beside = [other for other in left if other.system == row.name]
        placed += [line(other) for other in beside]
        left = [other for other in left if other not in beside]
    return [*placed, *map(line, left)]


def _cost(system: System | None) -> float | None:
    """Seconds of CPU for each second of sound."""
    runs = [run for same in system.runs.values() for run in same] if system is not None else []
    if not runs or not all(is_number(run.facts.get("cpu_seconds")) for run in runs):
        return None
    seconds = sum(run.facts["n_samples"] / run.facts["sample_rate"] for run in runs)
    return float(sum(run.facts["cpu_seconds"] for run in runs) / seconds)


def _mean(scores: dict[Unit, float], clip: str) -> float | None:
    """Over the clips, the seeds of a clip averaged first."""
    means = by_clip({unit: value for unit, value in scores.items() if clip in ("", unit[0])})
    return statistics.fmean(means.values()) if means else None


def _labels(sections: dict[str, Section]) -> list[str]:
    """Of all systems, in the order in which they appear."""
    return list(dict.fromkeys(system.label for section in sections.values() for system in section.systems))


def _system(section: Section, label: str) -> System | None:
    return next((system for system in section.systems if system.label == label), None)


def _plain(level: str) -> str | None:
    """A number as it is shortest: "5" for "5.0"; None for what is none.

    >>> _plain("5.0"), _plain("0.02"), _plain("many")
    ('5', '0.02', None)
    """
    try:
        return f"{float(level):g}"
    except ValueError:
        return None
