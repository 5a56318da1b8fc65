"""What was found in a recording, from what was found in each of its windows."""

import math

from dap.methods.iterate import Facts

_POWERS = ("noise_std", "rumble_std", "hum_std")  # of which the mean power counts
_PRESENT = ("hum_hz", "rt60_seconds")  # means over the windows that have them; 0 is none
_RATES = ("clicks_a_minute",)  # means over all


def facts_of_windows(windows: list[Facts]) -> Facts:
    """The facts of a recording, from those of its windows, all of one length; of what was found nowhere there is nothing.

    ``noise_std`` is the root of the mean noise power, and so ``rumble_std`` and ``hum_std``. What was silent or clean has no
    filters: ``noise``, where not all windows are alike, and ``weights``, their mean, are of the other windows.

    >>> facts_of_windows([{"noise_std": 0.0}] * 3 + [{"noise_std": 0.5, "noise": "white", "weights": [0.9, 0.1]}])
    {'noise_std': 0.25, 'noise': 'white', 'weights': [0.9, 0.1]}
    >>> facts_of_windows([{"noise_std": 0.0, "hum_std": 0.0, "hum_hz": 0.0}])    # without noise is said, without hum is not
    {'noise_std': 0.0}
    """
    facts: Facts = {}
    for name in _POWERS:
        levels = [window[name] for window in windows if name in window]
        if any(levels) or (levels and name == "noise_std"):
            facts[name] = math.sqrt(sum(level**2 for level in levels) / len(levels))
    for name in _PRESENT + _RATES:
        values = [window[name] for window in windows if window.get(name)]
        if values:
            facts[name] = sum(values) / (len(windows) if name in _RATES else len(values))
    tops = [window["clipped_at"] for window in windows if "clipped_at" in window]
    if tops:
        facts["clipped_at"] = max(tops)
    filtered = [window for window in windows if "weights" in window]
    if filtered:
        facts |= _of_filters(filtered)
    return facts


def _of_filters(windows: list[Facts]) -> Facts:
    kinds = [window["noise"] for window in windows]
    if len(set(kinds)) > 1:  # and weights of different filters
        return {"noise": f"white in {kinds.count('white')} of {len(kinds)} windows"}
    columns = zip(*(window["weights"] for window in windows), strict=True)
    return {"noise": kinds[0], "weights": [round(sum(column) / len(windows), 3) for column in columns]}
