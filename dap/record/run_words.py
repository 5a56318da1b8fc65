"""What a report says of a run, in words: what was found and why it stopped, and how to read what is shown."""

import math
from typing import Any

from torch import Tensor

from dap.data.clip import Clip
from dap.methods.stopping import StoppingRule
from dap.record.findings import findings

_SILENCE = 1e-5  # of full scale


def told(facts: dict[str, Any], clip: Clip, observation: Tensor, rule_name: str, rule: StoppingRule) -> list[str]:
    """What was found in the recording, how far it lies from the reference, and why the fit stopped.

    Args:
        facts: as run.json.
        clip: what is restored.
        observation: (channel, time).
        rule_name: the stopping rule's; "none" for a method that makes its one estimate at once.
    """
    lines = [f"Found: {found}." for found in findings(facts, clip.gain)]
    if noise_std := facts.get("noise_std"):
        lines.append(f"The noise's standard deviation is estimated as σ = {noise_std / clip.gain:.3g} of full scale.")
    if not clip.degraded and clip.waveform.shape == observation.shape:
        difference = float((observation - clip.waveform).square().mean().sqrt()) / clip.gain
        if difference > _SILENCE:
            level = f"σ = {difference:.3g} ({20 * math.log10(difference):.1f} dB of full scale)"
            lines.append(f"The observation differs from the reference by {level}.")
    if rule_name == "none":
        return [*lines, "The method makes one estimate at once: there is no fit to stop."]
    return [*lines, f"The rule {rule_name} chose step {rule.step}: {rule.reason}."]


def notes(clip: Clip, rule_name: str, rule: StoppingRule, oracle: bool) -> list[str]:
    """How the scores are to be read.

    Args:
        clip: what is restored.
        rule_name: the stopping rule's.
        oracle: whether the best step by the reference is among what is shown.
    """
    if clip.degraded:
        return ["The input was already damaged: there is no reference, so there are no scores."]
    level = "as it is" if clip.gain == 1 else f"times {clip.gain:.4g}"
    blind = "knows only the observation" if rule.blind else "was given the reference: not available in practice"
    lines = [f"Scores are against the reference; the clip was worked at its level {level}."]
    if rule_name != "none":
        lines.append(f"Restored: the rule {rule_name}, which {blind}.")
    if oracle:
        lines.append("Oracle: the best SI-SDR of the steps that were run, which needs the reference.")
    return [" ".join(lines)]
