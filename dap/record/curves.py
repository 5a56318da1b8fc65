"""The course of a fit: a row an iterate, as curves.csv."""

import csv
import io
from pathlib import Path

from torch import Tensor

from dap.metrics.distortion import psnr
from dap.metrics.scores import score
from dap.system.files import write_whole

COLUMNS = (
    "step",
    "loss",
    "psnr_observation",
    "psnr_reference",
    "si_sdr_reference",
    "segmental_snr_reference",
    "stopping",  # what the stopping rule judged by
    "seconds",
)

Row = dict[str, float | None]
_SCORES = ("psnr", "si_sdr", "segmental_snr")  # of every iterate: what costs little


def iterate_row(
    step: int,
    loss: float | None,
    estimate: Tensor,
    observed: Tensor,
    observation: Tensor,
    reference: Tensor | None,
    sample_rate: int,
) -> Row:
    """What an iterate adds to the curves, less what the rule judged by and the time.

    Args:
        observed: what the estimate would have been observed as; sounds are (channel, time).
    """
    row: Row = {"step": step, "loss": loss, "psnr_observation": psnr(observed, observation)}
    if reference is not None:
        scores = score(estimate, reference, sample_rate, names=_SCORES)
        row.update({f"{name}_reference": scores[name] for name in _SCORES})
    return row


def write_curves(path: Path, rows: list[Row]) -> None:
    """Write the rows as CSV, whole or not at all; None becomes an empty cell.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "curves.csv")
    >>> write_curves(path, [{"step": 0, "loss": 0.5}])
    >>> read_curves(path)[0]["loss"], read_curves(path)[0]["psnr_reference"]
    (0.5, None)
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: "" if value is None else f"{value:.6g}" for name, value in row.items()})
    write_whole(path, text.getvalue())


def read_curves(path: Path) -> list[Row]:
    """The rows of a curves.csv."""
    with open(path, newline="") as file:
        return [{name: float(cell) if cell else None for name, cell in row.items()} for row in csv.DictReader(file)]


def column(rows: list[Row], name: str) -> tuple[list[float], list[float]]:
    """Steps and values of one column, rows where it is empty left out."""
    points = [(row["step"], row.get(name)) for row in rows]
    kept = [(step, value) for step, value in points if step is not None and value is not None]
    return [step for step, _ in kept], [value for _, value in kept]
