"""What must be said below a table of results: the level, the settings, what is missing, where a paper's figures are from."""

from typing import Any

from dap.metrics.scores import METRICS
from dap.results.level_table import LevelTable, merged
from dap.results.published import HUMAN_VOTES, Published
from dap.results.result_table import ResultTable, observed, unlike_observations
from dap.results.results import Section, is_number
from dap.results.runs import Run, setting_of_condition, setting_of_system
from dap.results.votes import Vote

_MAX_REASONS = 5  # told one by one


def table_notes(section: Section, table: ResultTable, published: Published | None, votes: list[Vote]) -> list[str]:
    """The notes of one section's table, a sentence or two each."""
    kinds = {row.kind for row in table.rows}
    found: list[str] = []
    if table.by_clip:
        found.append("A row is one clip; mean ± standard deviation over its seeds, where there are several.")
    else:
        found.append("Mean ± standard deviation (of the sample) over clips; the seeds of a clip are averaged first.")
    if any(row.estimate == "oracle" for row in table.rows):
        found.append("Oracle: chosen or made with the reference, which nobody with a damaged recording has.")
    if any(row.best for row in table.rows):
        found.append("Bold: the best of the blind ones.")
    if not all(row.complete for row in table.rows):
        found.append(
            "†: not all clips and seeds of this table are finished, so that means are not of the same sounds and none is bold"
            + ("." if table.by_clip else "; the paired differences are over the clips that both have.")
        )
    found += _partial_scores(section, table)
    if unlike := unlike_observations(section, table.scores):
        clips = ", ".join(sorted({clip for clip, _ in unlike})[:_MAX_REASONS])
        found.append(f"Not comparable: the observations of {clips} are not the same for all systems.")
    found += [*_level(section), *_settings(section)]
    if published is not None and not table.by_clip:
        found += _paper(table, published)
    if votes and any(row.votes for row in table.rows):
        listeners = {vote.listener_id for vote in votes}
        found.append(
            f"Human votes: share of the trials in which listeners took it to be the best (trials); {len(listeners)} "
            f"{'listener' if len(listeners) == 1 else 'listeners'}, systems unnamed and in random order."
        )
    if "observation" in kinds and not any(observed(section, score) for score in table.scores):
        found.append("These runs have no reference, so there are no scores.")
    return found


def level_notes(sections: dict[str, Section], table: LevelTable, published: Published) -> list[str]:
    """The notes of a benchmark's table; for the sections see `sections_by_level`."""
    section = merged(sections)
    found = ["A row is one clip; mean over its seeds." if any(row.clip for row in table.rows) else "Means over the clips."]
    if any(row.best for row in table.rows):
        found.append("Bold: the best of the blind ones.")
    if not all(row.complete for row in table.rows):
        found.append("†: not all clips and levels are finished, so that means are not of the same sounds and none is bold.")
    if table.costs:
        found.append(
            "CPU: processor time of all threads while restoring, not while scoring; "
            f"threads: {_told(section, 'threads')}; {_told(section, 'device')}."
        )
    scores = [published.levels.score] if published.levels is not None else []
    if unlike := {clip for part in sections.values() for clip, _ in unlike_observations(part, scores)}:
        clips = ", ".join(sorted(unlike)[:_MAX_REASONS])
        found.append(f"Not comparable: the observations of {clips} are not the same for all systems.")
    found += [*_level(section), *_settings(section)]
    return [*found, f"Published: {published.source}; {published.setting}.", *published.caveats]


def unfinished_notes(runs: list[Run]) -> list[str]:
    """How many runs are not in the tables, and why."""
    if not runs:
        return []
    statuses: dict[str, int] = {}
    for run in runs:
        statuses[run.status] = statuses.get(run.status, 0) + 1
    told = ", ".join(f"{count} {status}" for status, count in statuses.items())
    reasons = [f"{run.path}: {run.facts['reason']}" for run in runs if run.facts.get("reason")]
    more = f"; and {len(reasons) - _MAX_REASONS} more" if len(reasons) > _MAX_REASONS else ""
    return [f"Not in the tables: {told}." + (f" {'; '.join(reasons[:_MAX_REASONS])}{more}" if reasons else "")]


def _partial_scores(section: Section, table: ResultTable) -> list[str]:
    """Scores that do not apply to some clips, and why."""
    notes = []
    for score in table.scores:
        missing = [
            (run, entry["not_scored"][score])
            for run in section.runs
            for entry in run.metrics.values()
            if score in entry.get("not_scored", {})
        ]
        if missing:
            reason = missing[0][1]
            clips = sorted({str(run.facts.get("clip")) for run, _ in missing})
            over = "seeds" if table.by_clip else "clips"
            notes.append(f"{METRICS[score].title} does not apply everywhere, (n): over n {over} alone. {clips[0]}: {reason}.")
    return notes


def _level(section: Section) -> list[str]:
    """The level that was worked at, and what the clips are."""
    runs = section.runs
    peaks = [f"scaled to a peak of {peak}" if is_number(peak) else "at its own level" for peak in _values(runs, "peak")]
    notes = [f"Level: each clip {' or '.join(peaks)}, before anything is done."]
    seconds = [run.facts["n_samples"] / run.facts["sample_rate"] for run in runs if run.facts.get("n_samples")]
    if seconds:
        length = f"{min(seconds):.2f}" if max(seconds) - min(seconds) < 0.01 else f"{min(seconds):.2f} to {max(seconds):.2f}"
        rates = ", ".join(str(rate) for rate in sorted(_values(runs, "sample_rate")))
        notes.append(f"Clips of {length} s at {rates} Hz.")
    return notes


def _settings(section: Section) -> list[str]:
    """What all runs were told, and in what systems differ besides their labels."""
    runs = section.runs
    keys = dict.fromkeys(key for run in runs for key in run.settings)
    wanted = [key for key in keys if key.startswith("data.") or setting_of_condition(key) or setting_of_system(key)]
    common = [f"{key}={runs[0].settings[key]}" for key in wanted if len({run.settings.get(key) for run in runs}) == 1]
    facts = [f"{name} {value}" for name in ("size", "noise") for value in _values(runs, name) if value is not None]
    tasks = [run.facts.get("task_settings", {}) for run in runs]
    shared = {key: value for key, value in tasks[0].items() if all(task.get(key) == value for task in tasks)}
    defaults = [f"task.{key}={value}" for key, value in shared.items() if value is not None and f"task.{key}" not in keys]
    notes = [f"All: {', '.join([f'task={section.task}', *facts, *defaults, *common])}."]
    for system in section.systems:
        own = [f"{key}={value}" for key, value in _own(section, system.label).items() if key not in system.settings]
        if own:
            notes.append(f"{system.label} alone: {', '.join(own)}.")
    return notes


def _own(section: Section, label: str) -> dict[str, str]:
    """Settings of a system that not all runs of the section share."""
    (system,) = (system for system in section.systems if system.label == label)
    runs = [run for runs in system.runs.values() for run in runs]
    settings = {key: value for run in runs for key, value in run.settings.items() if setting_of_system(key)}
    return {key: value for key, value in settings.items() if any(run.settings.get(key) != value for run in section.runs)}


def _paper(table: ResultTable, published: Published) -> list[str]:
    has = {score for row in published.rows for score in row.scores}
    shown = {*table.scores, HUMAN_VOTES}
    left = [METRICS[score].title if score in METRICS else score.upper().replace("_", "-") for score in sorted(has - shown)]
    notes = [f"Paper: {published.source}; {published.setting}.", *published.caveats]
    return [*notes, f"The paper also gives {', '.join(left)}: not in this table."] if left else notes


def _told(section: Section, fact: str) -> str:
    return ", ".join(map(str, _values(section.runs, fact)))


def _values(runs: list[Run], fact: str) -> list[Any]:
    """What the runs say, each thing once."""
    return list(dict.fromkeys(run.facts.get(fact) for run in runs))
