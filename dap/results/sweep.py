"""What a sweep leaves beside its runs: summary.csv, a row a run, and summary.html, to listen to them side by side."""

import csv
import io
from pathlib import Path
from typing import Any

from dap.metrics.scores import METRICS
from dap.record.csv_text import csv_text
from dap.results.runs import Run, find_runs
from dap.results.summary import ENTRIES
from dap.results.sweep_page import sweep_page
from dap.system.files import write_whole

COLUMNS = ["run", "overrides", "task", "system", "clip", "status", "reason", "step", "seconds", "n_parameters"]
COLUMNS += [f"{entry}_{name}" for entry in ENTRIES for name in METRICS]


def read_runs(folder: Path) -> list[dict[str, Any]]:
    """A row for every run below a sweep's folder, in the order of their numbers.

    A run's path is relative to ``folder``; what it was told is in its run.json, its scores in its metrics.json.
    """
    return [_row(run) for run in find_runs(folder)]


def _row(run: Run) -> dict[str, Any]:
    row = {
        "run": run.path,
        "overrides": " ".join(run.facts.get("overrides", [])),
        "step": run.metrics.get("restored", {}).get("step"),
        **{name: run.facts.get(name, "") for name in ("task", "system", "clip", "status", "reason", "seconds", "n_parameters")},
    }
    return row | {f"{entry}_{name}": run.metrics.get(entry, {}).get(name) for entry in ENTRIES for name in METRICS}


def write_sweep(folder: Path) -> list[dict[str, Any]]:
    """Write summary.csv and summary.html into a sweep's folder; returns the rows."""
    runs = find_runs(folder)
    rows = [_row(run) for run in runs]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: f"{value:.4f}" if isinstance(value, float) else csv_text(value) for name, value in row.items()})
    write_whole(folder / "summary.csv", text.getvalue())
    write_whole(folder / "summary.html", sweep_page(folder, runs))
    return rows
