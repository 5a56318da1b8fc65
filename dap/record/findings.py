"""What was found in a recording, in words."""

from collections.abc import Callable
import math
from typing import Any

from dap.methods.iterate import Facts

_SILENT_DB = -100.0  # of full scale: what is weaker nobody need know
_BESIDE_NOISE = 0.1  # of the noise's RMS: rumble below it is the lowest part of that noise


def findings(facts: Facts, gain: float = 1.0) -> list[str]:
    """Each thing that was found.

    Args:
        facts: of the method and the task; those of a chain's stages begin with "stage_0_" or another number.
        gain: at which the recording was worked; levels are told of the recording itself.

    >>> findings({"noise_std": 0.2, "noise": "coloured", "stage_1_missing_seconds": 0.04}, gain=2.0)
    ['coloured noise at -20 dB', '0.04 s missing']
    >>> findings({"clipped_share": 0.03, "low": [-0.5], "high": [0.5]})
    ['3 % of the samples clipped at -6.0 dB']
    """
    facts = {name.split("_", 2)[2] if name.startswith("stage_") else name: value for name, value in facts.items()}
    words: list[str] = []
    noise = str(facts.get("noise", ""))
    kind = f"{noise} noise" if noise in ("white", "coloured") else "noise"
    noise_std, rumble = facts.get("noise_std") or 0.0, facts.get("rumble_std") or 0.0
    _add(words, noise_std / gain, lambda level: f"{kind} at {level:.0f} dB")
    _add(words, rumble / gain if rumble > _BESIDE_NOISE * noise_std else 0.0, lambda level: f"rumble at {level:.0f} dB")
    hum = (facts.get("hum_std") or 0.0) / gain
    _add(words, hum, lambda level: f"hum of {facts['hum_hz']:.1f} Hz at {level:.0f} dB")
    if (rate := facts.get("clicks_a_minute", 0.0)) >= 0.5:
        words.append(f"{rate:.0f} clicks a minute")
    _add(words, (facts.get("clipped_at") or 0.0) / gain, lambda level: f"clipped at {level:.1f} dB")
    if share := facts.get("clipped_share"):
        bounds = [abs(bound) for bound in (facts.get("low") or []) + (facts.get("high") or []) if bound]
        _add(
            words,
            max(bounds, default=0.0) / gain,
            lambda level: f"{100 * share:.2g} % of the samples clipped at {level:.1f} dB",
        )
    if missing := facts.get("missing_seconds"):
        words.append(f"{missing:.3g} s missing")
    if levels := facts.get("n_levels"):
        words.append(f"quantized to {levels} levels")
    if room := facts.get("rt60_seconds"):
        words.append(f"a room that rings for {room:.1f} s (RT60)")
    return words


def _add(words: list[str], amplitude: Any, sentence: Callable[[float], str]) -> None:
    """The sentence on a level, where there is one."""
    if amplitude and (level := 20 * math.log10(amplitude)) > _SILENT_DB:
        words.append(sentence(level))
