"""Scores as a table of text."""

from dap.metrics.scores import SCORES

TITLES = {"si_sdr": "SI-SDR", "psnr": "PSNR", "snr": "SNR", "segmental_snr": "SSNR"}


def score_table(metrics: dict[str, dict[str, float | int | str | None]]) -> str:
    """One line an entry of metrics.json, its step and its scores in dB.

    >>> print(score_table({"observation": {"si_sdr": 6.0}, "restored": {"step": 120, "si_sdr": 11.5}}))
                     step   SI-SDR     PSNR      SNR     SSNR
    observation         –     6.00        –        –        –
    restored          120    11.50        –        –        –
    """
    lines = [f"{'':16}{'step':>5}" + "".join(f"{TITLES[name]:>9}" for name in SCORES)]
    for name, entry in metrics.items():
        cells = [f"{value:>9.2f}" if isinstance(value := entry.get(score), float) else f"{'–':>9}" for score in SCORES]
        step = entry.get("step")
        lines.append(f"{name:16}{'–' if step is None else step:>5}" + "".join(cells))
    return "\n".join(lines)
