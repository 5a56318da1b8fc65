"""The settings that change how a result is come by and what is kept of it, not the result (but for rounding: see README)."""

import re

NEUTRAL = frozenset({"device", "threads", "tracker", "snapshot_every", "checkpoint_seconds", "restart", "objective", "trust"})
NEUTRAL |= {"trained"}  # where trainings are kept


def is_neutral(key: str) -> bool:
    """Whether a setting is one of them, or within one, wherever it stands; named as in a configuration or on a command line.

    >>> [is_neutral(key) for key in ("threads", "method.fit.device", "+tracker.project", "~tracker", "task.noise_std", "seed")]
    [True, True, True, True, False, False]
    """
    return not NEUTRAL.isdisjoint(re.split(r"[.@]", key.lstrip("+~")))
