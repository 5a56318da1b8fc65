"""Scores over clips: mean and deviation, and how two systems differ on the clips that both restored."""

from collections.abc import Mapping
from dataclasses import dataclass
import statistics

from dap.metrics.scores import METRICS
from dap.results.results import System, Unit


@dataclass(frozen=True)
class Spread:
    """Mean, standard deviation of the sample (None for one value), and number of values."""

    mean: float
    deviation: float | None
    n: int


@dataclass(frozen=True)
class Paired:
    """First less second system, over their common clips.

    Args:
        difference: its mean and deviation.
        n_better: clips on which the first is better, by the score's own direction; a tie is not.
    """

    difference: Spread
    n_better: int


def spread(values: list[float]) -> Spread | None:
    """None of nothing.

    >>> spread([9.0, 11.0])
    Spread(mean=10.0, deviation=1.4142135623730951, n=2)
    """
    if not values:
        return None
    return Spread(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None, len(values))


def by_clip(scores: Mapping[Unit, float]) -> dict[str, float]:
    """Each clip's score: the mean over its seeds, so that a clip with more seeds weighs no more.

    >>> by_clip({("a", 0): 1.0, ("a", 1): 3.0, ("b", 0): 5.0})
    {'a': 2.0, 'b': 5.0}
    """
    clips: dict[str, list[float]] = {}
    for (clip, _), value in scores.items():
        clips.setdefault(clip, []).append(value)
    return {clip: statistics.fmean(values) for clip, values in clips.items()}


def paired(first: System, second: System, score: str) -> Paired | None:
    """How two systems differ in a score of METRICS; None where they have no clip and seed in common.

    Seeds that only one of them was run with are left out; the others are averaged within a clip.
    """
    ours, theirs = first.scores(score), second.scores(score)
    differences = by_clip({unit: value - theirs[unit] for unit, value in ours.items() if unit in theirs})
    difference = spread(list(differences.values()))
    if difference is None:
        return None
    sign = 1 if METRICS[score].higher_is_better else -1
    return Paired(difference, sum(sign * value > 0 for value in differences.values()))


def ranking(systems: list[System], score: str) -> list[System]:
    """Best first by the mean over clips; those without the score are left out."""
    means = {system.label: spread(list(by_clip(system.scores(score)).values())) for system in systems}
    scored = [(found.mean, system) for system in systems if (found := means[system.label]) is not None]
    return [system for _, system in sorted(scored, key=lambda pair: pair[0], reverse=METRICS[score].higher_is_better)]
