"""What was found in a recording, in one line."""

from dap.methods.iterate import Facts
from dap.record.findings import findings


def found(facts: Facts) -> str:
    """One line on a restored recording, from the facts that its method gives; levels in dB of full scale.

    >>> found({"noise_std": 0.05, "noise": "white", "rumble_std": 0.0, "clipped_at": 0.966})
    'white noise at -26 dB, clipped at -0.3 dB'
    >>> found({"noise_std": 0.0})
    'nothing found'
    """
    return ", ".join(findings(facts)) or "nothing found"
