"""summary.csv: a row a clip, and mean and standard deviation over the clips."""

import csv
import io
from pathlib import Path
import statistics
from typing import Any

from dap.metrics.scores import METRICS
from dap.record.csv_text import csv_text
from dap.system.files import write_whole

ENTRIES = ("observation", "restored", "oracle")
COLUMNS = ["clip", "status", "reason", *(f"{entry}_{name}" for entry in ENTRIES for name in ("step", *METRICS))]


def summary_row(clip: str, status: str, metrics: dict[str, dict[str, Any]] | None = None, reason: str = "") -> dict[str, Any]:
    """The row of a clip: ``status`` as in its run.json, scores as in its metrics.json."""
    row = {"clip": clip, "status": status, "reason": reason}
    for entry, scores in (metrics or {}).items():
        row.update({f"{entry}_{name}": value for name, value in scores.items() if f"{entry}_{name}" in COLUMNS})
    return row


def write_summary(path: Path, rows: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """Write the rows, then two more: mean and standard deviation (of the sample, 0 for one clip); returns both by column.

    >>> import tempfile
    >>> rows = [summary_row(name, "finished", {"restored": {"si_sdr": value}}) for name, value in (("a", 9.0), ("b", 11.0))]
    >>> write_summary(Path(tempfile.mkdtemp(), "summary.csv"), rows)["restored_si_sdr"]
    (10.0, 1.4142135623730951)
    """
    averages = {}
    for name in COLUMNS[3:]:
        values = [row[name] for row in rows if isinstance(row.get(name), int | float)]
        if values:
            averages[name] = (statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    for index, title in enumerate(("mean", "standard deviation")):
        writer.writerow({"clip": title, **{name: _cell(pair[index]) for name, pair in averages.items()}})
    write_whole(path, text.getvalue())
    return averages


def _cell(value: Any) -> Any:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else csv_text(value)
