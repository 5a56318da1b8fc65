"""Scores as a table of text."""

from typing import Any

from dap.metrics.scores import METRICS

# What fits on a line; metrics.json and the report have all.
BRIEF = (
    "si_sdr",
    "psnr",
    "snr",
    "segmental_snr",
    "snr_missing",
    "log_spectral_distance",
    "pesq_wb",
    "estoi",
    "sdr",
    "sir",
    "sar",
)


def score_table(metrics: dict[str, dict[str, Any]]) -> str:
    """One line an entry of metrics.json: its step, and those of the `BRIEF` scores that there are.

    >>> print(score_table({"observation": {"si_sdr": 6.0}, "restored": {"step": 120, "si_sdr": 11.5, "psnr": 20.0}}))
                     step   SI-SDR     PSNR
    observation         –     6.00        –
    restored          120    11.50    20.00
    """
    scored = [name for name in BRIEF if any(isinstance(entry.get(name), float) for entry in metrics.values())]
    widths = {name: max(9, len(METRICS[name].title) + 3) for name in scored}
    lines = [f"{'':16}{'step':>5}" + "".join(f"{METRICS[name].title:>{widths[name]}}" for name in scored)]
    for title, entry in metrics.items():
        cells = [f"{value:.2f}" if isinstance(value := entry.get(name), float) else "–" for name in scored]
        shown = "".join(f"{cell:>{widths[name]}}" for name, cell in zip(scored, cells, strict=True))
        step = entry.get("step")
        lines.append(f"{title:16}{'–' if step is None else step:>5}{shown}")
    return "\n".join(lines)
