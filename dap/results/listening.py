"""A blinded listening test of a sweep's restorations: its trials, in random order under opaque names, and the key to them."""

from collections.abc import Sequence
from dataclasses import dataclass
import hashlib
from pathlib import Path
import random
from typing import Any

from dap.results.results import Results, Section, Unit
from dap.results.runs import Run

MAX_SECONDS = 10.0
"""What a listener hears of a clip: its beginning."""

_MAX_OPTIONS = 26


@dataclass(frozen=True)
class Trial:
    """One clip, restored by several systems.

    Args:
        name: opaque, of the trial.
        clip: its name.
        options: (opaque name, run), in the order in which they are offered.
    """

    name: str
    clip: str
    options: list[tuple[str, Run]]


def choose_trials(results: Results, n_clips: int, seed: int) -> list[Trial]:
    """Trials of clips that all systems of their section have finished; all random choices follow ``seed``.

    Args:
        n_clips: how many clips at most, of each section.
        seed: another gives another choice of clips and another order: a page of its own for each listener, say.

    Raises:
        ValueError: no section has two systems that restored the same clip, or one has too many.
    """
    if n_clips < 1:
        raise ValueError(f"--clips: must be at least 1, got {n_clips}")
    draw = random.Random(seed)
    trials = []
    for section in results.sections:
        for unit in _some_units(section, n_clips, draw):
            runs = [system.runs[unit][-1] for system in section.systems if unit in system.runs]
            draw.shuffle(runs)
            options = [(_opaque(seed, "option", run.path), run) for run in runs]
            trials.append(Trial(_opaque(seed, "trial", *(run.path for run in runs)), unit[0], options))
    most = max((len(trial.options) for trial in trials), default=0)
    if most > _MAX_OPTIONS:
        raise ValueError(f"a trial would have {most} options, and a page has letters for {_MAX_OPTIONS}: take fewer systems")
    if not trials:
        raise ValueError("no clip that two systems have restored: there is nothing to compare")
    draw.shuffle(trials)
    return trials


def key_of(trials: Sequence[Trial]) -> dict[str, dict[str, Any]]:
    """What listen_key.json says of the trials."""
    return {trial.name: {"clip": trial.clip, "options": {name: run.path for name, run in trial.options}} for trial in trials}


def anchors(folder: Path, trial: Trial) -> list[tuple[str, Path]]:
    """The sounds that are named: the reference, where there is one, and the damaged sound."""
    run = folder / trial.options[0][1].path
    named = [
        ("Reference: the clean sound", run / "reference.wav"),
        ("Damaged: before any restoration", run / "observation.wav"),
    ]
    return [(title, path) for title, path in named if path.exists()]


def _some_units(section: Section, n_clips: int, draw: random.Random) -> list[Unit]:
    """A clip with one of its seeds each: of what every system with anything finished has finished."""
    begun = [set(system.runs) for system in section.systems if system.runs]
    if len(begun) < 2:
        return []
    seeds: dict[str, list[int]] = {}
    for clip, seed in sorted(set.intersection(*begun)):
        seeds.setdefault(clip, []).append(seed)
    clips = draw.sample(sorted(seeds), min(n_clips, len(seeds)))
    return [(clip, draw.choice(seeds[clip])) for clip in clips]


def _opaque(*parts: object) -> str:
    """A name that tells nothing."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:12]
