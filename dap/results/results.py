"""The runs below a folder, sorted: what was damaged alike is a section, what in it was restored alike a system."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from dap.results.runs import Run, find_runs, setting_of_condition, setting_of_system, short_names

Unit = tuple[str, int]
"""What is scored once by every system: a clip, and the seed of its noise and weights."""

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class System:
    """What restored, with the settings that tell it apart from its like.

    Args:
        label: for tables: "harmonic", "harmonic (anchoring=false)".
        name: as in run.json.
        settings: those of the label, by their whole keys.
        runs: those that are finished; more than one for a unit where a run was repeated.
        unfinished: units that were begun, and are not finished.
    """

    label: str
    name: str
    settings: dict[str, str]
    runs: dict[Unit, list[Run]]
    unfinished: set[Unit] = field(default_factory=set)

    @property
    def blind(self) -> bool:
        """Whether it restored without the reference."""
        return all(run.metrics["restored"].get("blind", True) for runs in self.runs.values() for run in runs)

    def scores(self, score: str, entry: str = "restored") -> dict[Unit, float]:
        """The score of each unit that has it; ``entry`` as in metrics.json. Repeated runs are averaged."""
        found = {}
        for unit, runs in self.runs.items():
            values = [run.metrics.get(entry, {}).get(score) for run in runs]
            numbers: list[float] = [value for value in values if is_number(value)]  # type: ignore[misc]
            if numbers:
                found[unit] = sum(numbers) / len(numbers)
        return found


@dataclass(frozen=True)
class Section:
    """Runs whose clips were damaged in the same way.

    Args:
        task: as in run.json.
        condition: settings of task and data that tell this section apart: "noise_std=0.2"; "" for one section of a task.
        systems: in the order of their first runs.
    """

    task: str
    condition: str
    systems: list[System]

    @property
    def title(self) -> str:
        return f"{self.task}, {self.condition}" if self.condition else self.task

    @property
    def units(self) -> set[Unit]:
        """All that any of its systems has finished or begun."""
        return {unit for system in self.systems for unit in (*system.runs, *system.unfinished)}

    @property
    def runs(self) -> list[Run]:
        """Those that are finished."""
        return [run for system in self.systems for runs in system.runs.values() for run in runs]


@dataclass(frozen=True)
class Results:
    """All that a folder holds: sections with at least one finished run, and every run that is not finished."""

    sections: list[Section]
    unfinished: list[Run]


def read_results(folder: Path) -> Results:
    """Read and sort every run below a folder; a sweep may still be under way.

    Raises:
        ValueError: no such folder, no finished run in it, a run.json or metrics.json that is none.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    runs = find_runs(folder)
    if not any(run.finished for run in runs):
        raise ValueError(f"{folder}: no finished run below this folder ({len(runs)} not finished)")
    known = [run for run in runs if run.facts.get("task") and run.facts.get("system")]  # a refused run has neither
    sections = []
    for task, of_task in _grouped(known, lambda run: str(run.facts["task"])).items():
        keys = _varying(of_task, setting_of_condition)
        for condition, members in _grouped(of_task, partial(_described, keys=keys)).items():
            section = Section(task, condition, _systems(members))
            if section.runs:
                sections.append(section)
    return Results(sections, [run for run in runs if not run.finished])


def is_number(value: Any) -> bool:
    """Whether a value of a JSON file is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _systems(runs: list[Run]) -> list[System]:
    """The systems of a section; what varies among the runs of one name makes several of it."""
    key_of_clip = _clip_keys(runs)
    systems = []
    for name, of_name in _grouped(runs, lambda run: str(run.facts["system"])).items():
        keys = _varying(of_name, setting_of_system)
        for described, members in _grouped(of_name, partial(_described, keys=keys)).items():
            units = _grouped(members, lambda run: (key_of_clip(run), run.seed))
            finished = {unit: [run for run in same if run.finished] for unit, same in units.items()}
            systems.append(
                System(
                    label=f"{name} ({described})" if described else name,
                    name=name,
                    settings={key: value for key, value in members[0].settings.items() if key in keys},
                    runs={unit: same for unit, same in finished.items() if same},
                    unfinished={unit for unit, same in finished.items() if not same},
                )
            )
    return systems


def _clip_keys(runs: list[Run]) -> Callable[[Run], str]:
    """The clip's name; where one system and seed met several clips of a name, its file and start too."""

    def place(run: Run) -> tuple[str, str]:
        return str(run.facts.get("source", "")), run.settings.get("data.start", "0")

    def same_job(run: Run) -> tuple[Any, ...]:
        settings = tuple((key, value) for key, value in run.settings.items() if setting_of_system(key))
        return (run.facts["system"], settings, run.seed, run.facts.get("clip"))

    jobs = _grouped(runs, same_job).values()
    shared = {job[0].facts.get("clip") for job in jobs if len({place(run) for run in job}) > 1}

    def key(run: Run) -> str:
        name = str(run.facts.get("clip", ""))
        source, start = place(run)
        return f"{name} ({source} from {start} s)" if name in shared else name

    return key


def _varying(runs: list[Run], wanted: Callable[[str], bool]) -> list[str]:
    """The wanted keys that not all runs set to the same value, in the order in which they appear."""
    keys = dict.fromkeys(key for run in runs for key in run.settings if wanted(key))
    return [key for key in keys if len({run.settings.get(key) for run in runs}) > 1]


def _described(run: Run, keys: list[str]) -> str:
    short = short_names(keys)
    return ", ".join(f"{short[key]}={run.settings[key]}" for key in keys if key in run.settings)


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """By key, in the order in which the keys appear."""
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
