"""What a sweep leaves beside its runs: summary.csv, a row a run, and summary.html, to listen to them side by side."""

import csv
import html
import io
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dap.metrics.scores import METRICS
from dap.record.csv_text import csv_text
from dap.results.runs import find_runs
from dap.results.summary import ENTRIES
from dap.system.files import write_whole
from dap.system.printable import printable

COLUMNS = ["run", "overrides", "task", "system", "clip", "status", "reason", "step", "seconds", "n_parameters"]
COLUMNS += [f"{entry}_{name}" for entry in ENTRIES for name in METRICS]

_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem; color: #222 } h1 { font-size: 1.3rem }
table { border-collapse: collapse } td, th { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid #ddd }
td:first-child, th:first-child, td.text { text-align: left } th { cursor: pointer; vertical-align: bottom }
audio { width: 15rem; height: 2rem; vertical-align: middle } .bad { color: #a22 }
"""

_SCRIPT = """
document.querySelectorAll('th').forEach((head, index) => head.addEventListener('click', () => {
  const body = document.querySelector('tbody'), down = head.dataset.down !== 'yes';
  const text = row => row.cells[index].textContent;
  const value = row => isNaN(parseFloat(text(row))) ? text(row) : parseFloat(text(row));
  head.dataset.down = down ? 'yes' : 'no';
  [...body.rows].sort((a, b) => (value(a) < value(b) ? 1 : -1) * (down ? 1 : -1)).forEach(row => body.append(row));
}));
document.addEventListener('play', event => document.querySelectorAll('audio').forEach(player => {
  if (player !== event.target) player.pause();
}), true);
"""


def read_runs(folder: Path) -> list[dict[str, Any]]:
    """A row for every run below a sweep's folder, in the order of their numbers.

    A run's path is relative to ``folder``; what it was told is in its run.json, its scores in its metrics.json.
    """
    rows = []
    for run in find_runs(folder):
        row = {
            "run": run.path,
            "overrides": " ".join(run.facts.get("overrides", [])),
            "step": run.metrics.get("restored", {}).get("step"),
            **{
                name: run.facts.get(name, "")
                for name in ("task", "system", "clip", "status", "reason", "seconds", "n_parameters")
            },
        }
        row |= {f"{entry}_{name}": run.metrics.get(entry, {}).get(name) for entry in ENTRIES for name in METRICS}
        rows.append(row)
    return rows


def write_sweep(folder: Path) -> list[dict[str, Any]]:
    """Write summary.csv and summary.html into a sweep's folder; returns the rows."""
    rows = read_runs(folder)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: f"{value:.4f}" if isinstance(value, float) else csv_text(value) for name, value in row.items()})
    write_whole(folder / "summary.csv", text.getvalue())
    write_whole(folder / "summary.html", _page(folder, rows))
    return rows


def _page(folder: Path, rows: list[dict[str, Any]]) -> str:
    """The table with players; it plays the runs' own files, so it stays in the sweep's folder."""
    shown = [f"{entry}_si_sdr" for entry in ENTRIES]
    heads = ["run", "overrides", "status", "step", "seconds", *(f"{entry}, {METRICS['si_sdr'].title}, dB" for entry in ENTRIES)]
    cells = "".join(f"<th>{html.escape(head)}</th>" for head in [*heads, "restored", "observation"])
    body = "".join(_row(folder, row, shown) for row in rows)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(folder.name)}</title><style>{_STYLE}</style></head><body>
<h1>Sweep {html.escape(folder.name)}: {len(rows)} runs</h1>
<p>Restored: what the run's own rule kept. Oracle: the best of the steps that were run, which needs the reference.
A click on a title sorts.</p>
<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table><script>{_SCRIPT}</script></body></html>
"""


def _row(folder: Path, row: dict[str, Any], shown: list[str]) -> str:
    run, link = html.escape(printable(row["run"])), quote(row["run"], errors="surrogateescape")
    name = f'<a href="{link}/report.html">{run}</a>' if (folder / row["run"] / "report.html").exists() else run
    status = html.escape(f"{row['status']}: {row['reason']}") if row["reason"] else html.escape(row["status"])
    bad = "" if row["status"] == "finished" else " bad"
    numbers = [row["step"], row["seconds"], *(row[column] for column in shown)]
    players = [
        "".join(
            f'<audio controls preload="none" src="{link}/{path.name}"></audio>'
            for path in sorted((folder / row["run"]).glob(f"{sound}*.wav"))  # restored.wav, or restored_1.wav …
        )
        for sound in ("restored", "observation")
    ]
    return (
        f'<tr><td>{name}</td><td class="text">{html.escape(row["overrides"])}</td><td class="text{bad}">{status}</td>'
        + "".join(f"<td>{_cell(number)}</td>" for number in numbers)
        + "".join(f"<td>{player}</td>" for player in players)
        + "</tr>\n"
    )


def _cell(value: Any) -> str:
    return "–" if value in (None, "") else f"{value:.2f}" if isinstance(value, float) else html.escape(str(value))
