"""What a run is worth to a study that searches for settings: one of its scores."""

from collections.abc import Sequence
import math

from dap.metrics.scores import METRICS
from dap.record.metrics import Metrics

OBJECTIVES = (*METRICS, "residual_flatness")  # the last one alone needs no reference


def check_objective(name: str | None) -> None:
    """Find out whether a score of this name is recorded; None asks for none.

    Raises:
        ValueError: it is not.
    """
    if name is not None and name not in OBJECTIVES:
        raise ValueError(f"objective: expected one of {', '.join(OBJECTIVES)} or null, got {name!r}")


def objective_of(clips: Sequence[Metrics], name: str) -> float | None:
    """The score ``name`` of what was restored, the mean over the clips; None where a clip has no such number.

    None is how a study learns that a run failed: it goes on without it. A number in its place would be believed.

    Args:
        clips: metrics.json of each clip; of a failed clip an empty one.
        name: one of `OBJECTIVES`.

    >>> objective_of([{"restored": {"si_sdr": 8.0}}, {"restored": {"si_sdr": 10.0}}], "si_sdr")
    9.0
    >>> objective_of([{"restored": {"si_sdr": 8.0}}, {}], "si_sdr")
    """
    scores = [clip.get("restored", {}).get(name) for clip in clips]
    values = [score for score in scores if score is not None and math.isfinite(score)]
    return sum(values) / len(values) if values and len(values) == len(scores) else None
