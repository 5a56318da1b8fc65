"""How a method is trained before it restores."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from dap.methods.train import Train

Scores = dict[str, float | None]


@dataclass(frozen=True)
class TrainingPlan:
    """What a method learns from, and how: made for one data set, before any work.

    Args:
        loop: makes the updates.
        networks: those that restore, by name: their weights are kept.
        validate: scores by name of an epoch, numbered from 0, on sounds that are held out; ``valid_distance`` among them, the
            smaller the better. None of them where no sounds are held out.
        sample_rate: Hz, of what it learns from.
        heard: what that is, plain values: with the settings it decides the weights.
        facts: what run.json says of it.
        note: what the report says of the scores.
        tested: indices of the clips that are restored once it is trained.
        keep: the weights of the "best" epoch, with the smallest ``valid_distance``, or of the "last".
        shared: the folder in which trainings are kept, a folder each, so that the same settings of the method and the same
            sounds train once, whatever the run restores then. None: it is trained in the run's folder.
    """

    loop: Train
    networks: Mapping[str, nn.Module]
    validate: Callable[[int], Scores]
    sample_rate: int
    heard: dict[str, Any]
    facts: dict[str, Any]
    note: str
    tested: list[int]
    keep: str = "last"
    shared: str | None = None
