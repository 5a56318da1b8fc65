"""What a run is worth to a study that searches for settings: one of its scores."""

from collections.abc import Sequence
import math

from dap.record.run_folder import Metrics


def objective_of(clips: Sequence[Metrics], name: str) -> float | None:
    """The score ``name`` of what was restored, the mean over the clips; None where a clip has no such number.

    None is how a study learns that a run failed: it goes on without it. A number in its place would be believed.

    Args:
        clips: metrics.json of each clip; of a failed clip an empty one.
        name: si_sdr and its like need the reference; residual_flatness does not.

    Raises:
        ValueError: no clip has a score of this name, though all were restored.

    >>> objective_of([{"restored": {"si_sdr": 8.0}}, {"restored": {"si_sdr": 10.0}}], "si_sdr")
    9.0
    >>> objective_of([{"restored": {"si_sdr": 8.0}}, {}], "si_sdr")
    """
    restored = [clip.get("restored", {}) for clip in clips]
    if restored and all(restored) and not any(name in scores for scores in restored):
        known = [key for key, value in restored[0].items() if isinstance(value, int | float) and not isinstance(value, bool)]
        raise ValueError(f"objective: expected one of the scores {', '.join(known)}, or null, got {name!r}")
    values = [scores[name] for scores in restored if isinstance(scores.get(name), int | float)]
    if not values or len(values) < len(restored) or not all(map(math.isfinite, values)):
        return None
    return float(sum(values) / len(values))
