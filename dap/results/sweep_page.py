"""summary.html of a sweep: its runs as a table to sort, filter, average and listen to, and their curves on one another.

It plays the runs' own files, so it stays in the sweep's folder. Without JavaScript the table is there, with its links.
"""

from collections.abc import Iterable, Iterator
import html
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dap.metrics.scores import METRICS
from dap.record.curves import column, read_curves
from dap.results.runs import Run
from dap.results.summary import ENTRIES
from dap.system.files import read_beside
from dap.system.printable import printable

_SOUNDS = ("restored", "observation", "reference")
_MAX_CURVES, _MAX_POINTS = 500, 100  # runs whose curves the page holds, and points of each
_FIRST = "si_sdr"  # the score that is shown before another is chosen


def sweep_page(folder: Path, runs: list[Run]) -> str:
    """The page, whole: it loads nothing but the sounds that are played.

    Args:
        folder: of the sweep; ``runs`` are those below it.
    """
    constant, varied = _settings(runs)
    data = json.dumps(_data(folder, runs, varied), ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    name = html.escape(printable(folder.name))
    alike = " ".join(f"<code>{html.escape(printable(f'{key}={value}'))}</code>" for key, value in constant.items())
    with_clip = len({run.facts.get("clip") for run in runs}) > 1
    rows = "".join(_row(folder, run, index, varied, with_clip) for index, run in enumerate(runs))
    shown = ["run", *varied, *(["clip"] if with_clip else []), "status", "step", "s", *ENTRIES, "listen"]
    heads = "".join(f"<th{_kind(head, varied)}>{html.escape(printable(head))}</th>" for head in shown)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}: {len(runs)} runs</title><style>{read_beside(__file__, "sweep_page.css")}</style></head><body>
<h1>Sweep {name}: {_counted(runs)}</h1>
<p class="note">{f"The same for all: {alike}" if constant else ""}</p>
<p class="note">Restored: what the run's own rule kept. Oracle: the best step of those that were run, by the reference.</p>
<div id="tools" class="row" hidden>
<label>Filter <input id="filter" type="search" placeholder="harmonic seed=1"></label>
<label>Score <select id="score"></select></label>
<label><input id="grouped" type="checkbox"> Means over seeds and clips</label></div>
<div id="player" class="row" hidden><button id="play">Pause</button> <span id="playing"></span>
<input id="seek" type="range" min="0" max="1000" value="0" aria-label="position"></div>
<div class="wide"><table id="runs"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>
<table id="means" hidden><thead></thead><tbody></tbody></table></div>
<div id="curves" hidden><h2>Curves of the chosen runs: <span id="curve-name"></span></h2><div id="plot"></div></div>
<script type="application/json" id="data">{data}</script>
<script>{read_beside(__file__, "sweep_page.js")}</script></body></html>
"""


def _settings(runs: list[Run]) -> tuple[dict[str, str], list[str]]:
    """What the command line set alike for all runs, and the names of what it varied."""
    names = list(dict.fromkeys(name for run in runs for name in run.settings))
    told = {name: {run.settings.get(name, "") for run in runs} for name in names}
    constant = {name: runs[0].settings[name] for name in names if len(told[name]) == 1}
    return constant, [name for name in names if len(told[name]) > 1]


def _data(folder: Path, runs: list[Run], varied: list[str]) -> dict[str, Any]:
    scores = [name for name in METRICS if any(name in run.metrics.get("restored", {}) for run in runs)]
    return {
        "varied": varied,
        "scores": {name: _title(name) for name in scores},
        "falling": [name for name in scores if not METRICS[name].higher_is_better],
        "curve": "SI-SDR to the reference, dB",
        "runs": [_facts(folder, run, scores, len(runs) <= _MAX_CURVES) for run in runs],
    }


def _facts(folder: Path, run: Run, scores: Iterable[str], with_curve: bool) -> dict[str, Any]:
    found = {entry: {name: run.metrics.get(entry, {}).get(name) for name in scores} for entry in ENTRIES}
    return {
        "name": printable(run.path),
        "settings": {name: printable(value) for name, value in run.settings.items()},
        "clip": printable(str(run.facts.get("clip", ""))),
        "scores": {entry: {name: value for name, value in of.items() if value is not None} for entry, of in found.items()},
        "curve": _curve(folder / run.path / "curves.csv") if with_curve else [],
    }


def _curve(path: Path) -> list[list[float]]:
    """Steps and SI-SDR of a fit, thinned; of one estimate or without a reference none."""
    if not path.exists():
        return []
    steps, values = column(read_curves(path), "si_sdr_reference")
    apart = max(1, -(-len(steps) // _MAX_POINTS))
    kept = [[step, round(value, 2)] for step, value in zip(steps, values, strict=True)][::apart]
    return kept if len(kept) > 1 else []


def _row(folder: Path, run: Run, index: int, varied: list[str], with_clip: bool) -> str:
    """The table's row, with the first score; the page's script puts another one into its cells."""
    name, link = html.escape(printable(run.path)), quote(run.path, errors="surrogateescape")
    linked = f'<a href="{link}/report.html">{name}</a>' if (folder / run.path / "report.html").exists() else name
    texts = [run.settings.get(key, "") for key in varied] + ([str(run.facts.get("clip", ""))] if with_clip else [])
    reason = run.facts.get("reason")
    status = f"{run.status}: {reason}" if reason else run.status
    numbers = [run.metrics.get("restored", {}).get("step"), run.facts.get("seconds")]
    scores = [run.metrics.get(entry, {}).get(_FIRST) for entry in ENTRIES]
    return (
        f'<tr data-run="{index}"><td>{linked}</td>'
        + "".join(f'<td class="text">{html.escape(printable(text))}</td>' for text in texts)
        + f'<td class="text{"" if run.status == "finished" else " bad"}">{html.escape(printable(status))}</td>'
        + "".join(f"<td>{_cell(number)}</td>" for number in numbers)
        + "".join(f'<td data-entry="{entry}">{_cell(value)}</td>' for entry, value in zip(ENTRIES, scores, strict=True))
        + f'<td class="listen">{"".join(_players(folder, run.path, link))}</td></tr>\n'
    )


def _players(folder: Path, path: str, link: str) -> Iterator[str]:
    for sound in _SOUNDS:
        for file in sorted((folder / path).glob(f"{sound}*.wav")):  # restored.wav, or restored_1.wav …
            yield f'<a class="play" href="{link}/{file.name}">{file.stem.replace("_", " ")}</a> '


def _kind(head: str, varied: list[str]) -> str:
    return ' class="text"' if head in (*varied, "clip", "status", "listen") else ""


def _counted(runs: list[Run]) -> str:
    by_status = {status: sum(run.status == status for run in runs) for status in dict.fromkeys(run.status for run in runs)}
    told = ", ".join(f"{number} {status}" for status, number in by_status.items())
    return f"{len(runs)} run{'s' * (len(runs) != 1)}" + (f" ({html.escape(printable(told))})" if len(by_status) > 1 else "")


def _title(name: str) -> str:
    metric = METRICS[name]
    return metric.label + (" ↑" if metric.higher_is_better else " ↓")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".replace("-", "−")
    return "–" if value in (None, "") else html.escape(str(value))
