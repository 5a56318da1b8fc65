"""The scores of a report as tables, each with its meaning and which way is better."""

import html
from typing import Any

from dap.metrics.scores import METRICS
from dap.record.metrics import Metrics

_MEANINGS = {
    "si_sdr": "scale-invariant signal-to-distortion ratio: how far the error lies below the sound, whatever the gain",
    "psnr": "peak signal-to-noise ratio: the error's power below that of full scale",
    "snr": "signal-to-noise ratio: the error's power below that of the reference",
    "segmental_snr": "segmental SNR: the mean over frames of 30 ms, so that quiet passages count as much as loud ones",
    "snr_missing": "SNR of what was missing alone",
    "log_spectral_distance": "log-spectral distance: how far the levels of the spectrograms differ (Kuleshov's convention)",
    "log_spectral_distance_1024": "log-spectral distance of spectrograms of 1024 samples a frame (EPFL's convention)",
    "multi_resolution_stft": "distance of the magnitude spectrograms, at several resolutions",
    "pesq_wb": "model of how good listeners find speech, at 16 kHz: 1 is bad, 4.64 the best",
    "stoi": "model of how well speech is understood, up to 1",
    "estoi": "extended STOI: how well speech is understood, also in noise that comes and goes; up to 1",
    "csig": "how listeners would rate the distortion of the speech: 1 to 5",
    "cbak": "how listeners would rate the background: 1 to 5",
    "covl": "how listeners would rate the whole: 1 to 5",
    "sdr": "signal-to-distortion ratio of the separated sources",
    "sir": "signal-to-interference ratio: how far the other sources lie below",
    "sar": "signal-to-artefacts ratio: how far lies below what comes from no source",
}


def render_scores(metrics: Metrics) -> str:
    """SI-SDR, PESQ, and ESTOI or else segmental SNR; the others folded away. Nothing where nothing was scored.

    >>> page = render_scores({"restored": {"si_sdr": 8.25, "snr": 8.0}})
    >>> page.index("8.25") < page.index("<details>") < page.index("8.00")
    True
    """
    scored = [name for name in METRICS if any(name in entry for entry in metrics.values())]
    if not scored:
        return ""
    first = _first(metrics)
    others = [name for name in scored if name not in first]
    folded = f"<details><summary>Other scores</summary>{_table(metrics, others)}</details>" if others else ""
    return f"<h2>Scores</h2>{_table(metrics, first)}{folded}"


def _first(metrics: Metrics) -> list[str]:
    """The names of those to look at first."""
    known = [name for name in METRICS if any(entry.get(name) is not None for entry in metrics.values())]
    last = "estoi" if "estoi" in known else "segmental_snr"
    found = [name for name in ("si_sdr", "pesq_wb", last) if name in known]
    return found or known[:3]


def _table(metrics: Metrics, names: list[str]) -> str:
    steps = any(entry.get("step") for entry in metrics.values())
    heads = "".join(_head(name) for name in names)
    rows = "".join(
        f"<tr><td>{html.escape(entry)}</td>"
        + (f"<td>{_cell(scores.get('step'))}</td>" if steps else "")
        + "".join(_score(scores, name) for name in names)
        + "</tr>"
        for entry, scores in metrics.items()
    )
    return f'<div class="wide"><table><tr><th></th>{"<th>step</th>" if steps else ""}{heads}</tr>{rows}</table></div>'


def _head(name: str) -> str:
    metric = METRICS[name]
    better, arrow = ("the higher the better", "↑") if metric.higher_is_better else ("the lower the better", "↓")
    meaning = html.escape(f"{_MEANINGS.get(name, metric.title)}; {better}")
    return f'<th title="{meaning}">{html.escape(metric.label)} {arrow}</th>'


def _score(entry: dict[str, Any], name: str) -> str:
    """A score, or a dash that says why there is none."""
    reason = entry.get("not_scored", {}).get(name, "")
    told = f' title="{html.escape(reason)}"' if reason else ""
    return f"<td{told}>{_cell(entry.get(name))}</td>"


def _cell(value: float | int | str | None) -> str:
    return "–" if value is None else f"{value:.2f}" if isinstance(value, float) else html.escape(str(value))
