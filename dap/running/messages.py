"""What the terminal says before and after a restoration."""

from collections.abc import Iterator
from typing import Any

import torch

from dap.config.schema import system_name
from dap.data.clip import Clip
from dap.record.metrics import Metrics
from dap.running.parts import Parts


def opening_line(parts: Parts, clip: Clip) -> str:
    """What is restored, by what, and where."""
    settings, (n_channels, n_samples) = parts.settings, clip.waveform.shape[-2:]
    system = system_name(settings["method"], parts.choices)
    sound = f"{clip.name}, {n_samples / clip.sample_rate:.2f} s at {clip.sample_rate} Hz"
    channels = "" if n_channels == 1 else f", {n_channels} channels"
    fit = f", at most {settings['steps']} steps, chosen by {parts.rule_name}" if parts.method.iterative else ""
    n_threads = torch.get_num_threads()
    where = settings["device"] if settings["device"] != "cpu" else f"cpu, {n_threads} thread{'s' * (n_threads > 1)}"
    return f"{parts.choices['task']} by {system}: {sound}{channels}{fit}; {where}"


def closing_lines(parts: Parts, facts: dict[str, Any], metrics: Metrics) -> Iterator[str]:
    """Why the fit stopped where it did, and what to do where it was of no use.

    Args:
        facts: of run.json.
    """
    if not parts.method.iterative:
        return
    stopping = facts["stopping"]
    yield f"kept step {stopping['step']}: {stopping['reason']}"
    before, after = metrics["observation"].get("si_sdr"), metrics["restored"].get("si_sdr")
    if before is not None and after is not None and after < before:
        yield f"this fit is {before - after:.1f} dB of SI-SDR below the observation; method=restore needs no fit, and seconds"
