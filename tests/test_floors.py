"""The house: a module imports only from floors below its own, or from its own folder."""

import ast
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

FLOORS = [
    {
        "files",
        "own_process",
        "printable",
        "threads",
        "signals",
        "dsp",
        "audio",
        "audio_stream",
        "caller_array",
        "windows",
        "kept_windows",
    },
    {"layers", "losses", "metrics"},
    {"models", "tasks", "data"},
    {"fit", "stopping", "training", "train", "memory", "interruption"},
    {"methods"},
    {"record"},
    {
        "schema",
        "compose",
        "parts",
        "trained_model",
        "restoration",
        "separator",
        "training_run",
        "run",
        "config_source",
        "guard",
    },
    {"hydra_folder", "cli", "score", "help", "benchmark", "table", "listen", "multirun", "api", "restore_command"},
]
# Within a floor, what may look at a neighbour: each sees those before it.
ORDER = ["files", "printable", "signals", "audio", "audio_stream", "windows", "kept_windows", "dsp", "training", "train"]
ORDER += [
    "schema",
    "compose",
    "parts",
    "trained_model",
    "restoration",
    "separator",
    "training_run",
    "run",
    "config_source",
    "guard",
    "help",
    "hydra_folder",
    "multirun",
    "cli",
    "api",
    "restore_command",
]
MODULES = sorted(path for path in (REPOSITORY / "dap").rglob("*.py") if path.name != "__init__.py")


def room(dotted: str) -> str:
    """dap.dsp.stft → dsp."""
    return dotted.split(".")[1]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def name(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


def floor(which: str) -> int:
    return next(index for index, rooms in enumerate(FLOORS) if which in rooms)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_come_from_below(path):
    here = room(name(path))
    for imported in imports(path):
        if not imported.startswith("dap."):
            continue
        there = room(imported)
        below = floor(there) < floor(here)
        beside = there in ORDER and here in ORDER and ORDER.index(there) < ORDER.index(here)
        assert here == there or below or beside, f"{name(path)} imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_models_and_tasks_do_not_know_each_other(path):
    forbidden = {"models": "dap.tasks", "tasks": "dap.models"}.get(room(name(path)))
    assert not [imported for imported in imports(path) if forbidden and imported.startswith(forbidden)]


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        (
            "hydra",
            {f"dap.{room}" for room in ("cli", "help", "hydra_folder", "benchmark", "multirun", "guard", "config_source")},
        ),
        (
            "omegaconf",
            {
                f"dap.{room}"
                for room in ("benchmark", "cli", "compose", "hydra_folder", "parts", "run", "schema", "multirun", "guard")
            },
        ),
        ("soundfile", {"dap.audio", "dap.audio_stream"}),
        ("torchaudio", {"dap.dsp.resample"}),
        ("tensorboard", {"dap.record.trackers.tensorboard"}),
        ("wandb", {"dap.record.trackers.wandb"}),
        ("mlflow", {"dap.record.trackers.mlflow"}),
        ("matplotlib", {"dap.record.plots", "dap.record.frequency_figure"}),
    ],
)
def test_libraries_stay_in_their_rooms(library, allowed):
    users = {name(path) for path in MODULES if any(found.split(".")[0] == library for found in imports(path))}
    assert users <= allowed
