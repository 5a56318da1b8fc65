"""What listeners said: the votes that a page of dap-listen saved, and the key that says which system each option was.

listen_key.json, beside the page, is for dap-table alone:
``{"trials": {TRIAL: {"clip": …, "options": {OPTION: PATH OF THE RUN}}}}``. A votes file holds nothing but opaque names:
``{"listener": …, "listener_id": …, "saved": ISO TIME, "votes": {TRIAL: OPTION}}``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dap.record.json_file import read_object
from dap.results.results import Section

KEY_FILE = "listen_key.json"
VOTES_GLOB = "votes*.json"


@dataclass(frozen=True)
class Vote:
    """In one trial a listener took ``chosen`` to be the best of ``offered``, all paths of runs."""

    listener_id: str
    trial: str
    chosen: str
    offered: tuple[str, ...]


@dataclass(frozen=True)
class Share:
    """How often a system was picked: ``n_chosen`` of the ``n`` votes in which it was on offer."""

    n_chosen: int
    n: int

    @property
    def share(self) -> float:
        return self.n_chosen / self.n


def read_votes(folder: Path) -> list[Vote]:
    """The votes in the files ``votes*.json`` of a folder; of a listener who saved twice, the later vote in each trial.

    Raises:
        ValueError: a file that no page of dap-listen saved, or one of a page whose key is not in this folder.
    """
    files = sorted(folder.glob(VOTES_GLOB))
    if not files:
        return []
    if not (folder / KEY_FILE).exists():
        raise ValueError(f"{files[0]}: cannot be read without {KEY_FILE}, which dap-listen wrote beside its page")
    trials = read_key(folder)
    saved = sorted(((_read_file(path), path) for path in files), key=lambda pair: str(pair[0]["saved"]))
    votes: dict[tuple[str, str], Vote] = {}
    for content, path in saved:
        for trial, option in content["votes"].items():
            options = trials.get(trial, {}).get("options", {})
            if option not in options:
                raise ValueError(f"{path}: trial {trial!r} with option {option!r} is in no page that {KEY_FILE} knows")
            listener = str(content["listener_id"])
            votes[listener, trial] = Vote(listener, trial, options[option], tuple(options.values()))
    return list(votes.values())


def read_key(folder: Path) -> dict[str, dict[str, Any]]:
    """The trials of every page that was made for this folder; none where there was no page.

    Raises:
        ValueError: the file is not what dap-listen writes.
    """
    path = folder / KEY_FILE
    if not path.exists():
        return {}
    content = read_object(path)
    trials = content.get("trials")
    if not isinstance(trials, dict) or not all(isinstance(trial, dict) for trial in trials.values()):
        raise ValueError(f"{path}: not a key that dap-listen wrote")
    return trials


def shares(votes: list[Vote], section: Section) -> dict[str, Share]:
    """By the label of each system of a section that was on offer."""
    label_of = {run.path: system.label for system in section.systems for runs in system.runs.values() for run in runs}
    chosen: dict[str, int] = {}
    offered: dict[str, int] = {}
    for vote in votes:
        for path in vote.offered:
            if label := label_of.get(path):
                offered[label] = offered.get(label, 0) + 1
                chosen[label] = chosen.get(label, 0) + (path == vote.chosen)
    return {label: Share(chosen[label], n) for label, n in offered.items()}


def _read_file(path: Path) -> dict[str, Any]:
    content = read_object(path)
    votes = content.get("votes")
    well_formed = isinstance(votes, dict) and all(isinstance(option, str) for option in votes.values())
    if not {"listener_id", "saved"} <= set(content) or not well_formed:
        raise ValueError(f"{path}: not a votes file that a page of dap-listen saved")
    return content
