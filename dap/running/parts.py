"""What a configuration describes, checked and made before any work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig
import torch

from dap.config.build import build, check_trust
from dap.config.settings import settings_of
from dap.data.clip import Dataset
from dap.layers.precision import check_precision
from dap.methods.method import Method
from dap.methods.stopping import Fixed, StoppingRule
from dap.record.trackers.guarded import Guarded
from dap.record.trackers.tracker import Tracker
from dap.results.objective import check_objective
from dap.tasks.task import Task

KINDS: dict[str, type] = {"task": Task, "method": Method, "data": Dataset, "tracker": Tracker, "stopping": StoppingRule}


@dataclass
class Parts:
    """What a configuration describes, made."""

    task: Task
    method: Method
    data: Dataset
    tracker: Tracker
    settings: dict[str, Any]
    choices: dict[str, str]
    overrides: list[str]

    @property
    def rule_name(self) -> str:
        """Of the stopping rule; "none" where the method gives one estimate, and there is nothing to choose."""
        return self.choices["stopping"] if self.method.iterative else "none"

    def stopping(self) -> StoppingRule:
        """A new rule, for one restoration."""
        if not self.method.iterative:
            rule = Fixed()
            rule.blind, rule.reason = self.method.blind, "the method gives one estimate"
            return rule
        chosen: StoppingRule = make_part("stopping", self.settings["stopping"], self.settings["trust"])
        return chosen


def build_parts(cfg: DictConfig, choices: dict[str, str], overrides: list[str]) -> Parts:
    """Check the configuration and make everything that it describes, before any work.

    Args:
        cfg: composed by Hydra.
        choices: option chosen in each config group.
        overrides: what the command line set.

    Raises:
        ValueError: one line that names the key, the value and what was expected.
    """
    settings = settings_of(cfg)
    for name in ("steps", "snapshot_every"):
        if settings[name] < 1:
            raise ValueError(f"{name}: must be at least 1, got {settings[name]}")
    every = settings["checkpoint_seconds"]
    if every is not None and not 0 <= every < float("inf"):
        raise ValueError(f"checkpoint_seconds: must be at least 0 s, or null for none, got {every}")
    check_objective(settings["objective"])
    if not 0 < settings["lr"] < float("inf"):
        raise ValueError(f"lr: must be a number above 0, got {settings['lr']}")
    if not 0 <= settings["seed"] < 2**63:
        raise ValueError(f"seed: must be at least 0, got {settings['seed']}")
    if any(override.startswith("upsampler=") for override in overrides) and not settings["model"].get("upsampler"):
        raise ValueError(f"upsampler: model={choices.get('model')} upsamples in its own way and takes no other")
    check_trust(settings["trust"], overrides)
    made = {name: make_part(name, settings[name], settings["trust"]) for name in KINDS}
    return Parts(
        task=made["task"],
        method=made["method"],
        data=made["data"],
        tracker=Guarded(made["tracker"]),  # of the stopping rule each restoration makes one of its own
        settings=settings,
        choices=choices,
        overrides=overrides,
    )


def make_part(name: str, node: Any, trust: Sequence[str]) -> Any:
    """A part of a run, one of `KINDS`, as its node of the configuration describes it.

    Raises:
        ValueError: as `build`, and where it is of another kind: of a trusted package it may be anything.
    """
    part, kind = build(node, name, trust), KINDS[name]
    if not isinstance(part, kind):
        raise ValueError(f"{name}: expected a {kind.__module__}.{kind.__name__}, got {part!r}")
    return part


def choose_device(device: str, precision: str = "float32") -> str:
    """Set torch up for a precision; returns the device to run on, as `find_device`, whose errors it raises."""
    chosen = find_device(device, precision)
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    return chosen


def find_device(device: str, precision: str) -> str:
    """The device to run on, where "auto" is CUDA if there is one.

    Raises:
        ValueError: an unknown device or precision, CUDA where there is none, or a CPU that does not multiply bfloat16.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device: must be auto, cpu or cuda, got {device!r}")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device: cuda was asked for, but torch finds no CUDA device here; device=auto takes the CPU")
    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    check_precision(precision, chosen)
    return chosen
