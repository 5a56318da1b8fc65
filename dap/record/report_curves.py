"""The curves of a fit as panels of a page: lines that stretch to any width, labels that do not; a click tells the step."""

import html
import math

from dap.record.curves import Row, column
from dap.record.scale import Scale

_WIDTH, _HEIGHT = 1000, 300  # of the drawing, which the page stretches
_MAX_POINTS = 500
_EXACT_DB = 120  # agrees by construction: nothing to see
_LOWEST_SCORE_DB = -10  # a fit starts from next to nothing, at -40 or so
_SCORES = {
    "si_sdr_reference": "SI-SDR to the reference, dB",
    "psnr_reference": "PSNR to the reference, dB",
    "psnr_observation": "PSNR to the observation, dB",
}
_LOSS = {"loss": "loss"}

Line = list[tuple[float, float]]


def render_curves(rows: list[Row], marks: dict[str, int]) -> str:
    """The panels as HTML: scores in dB, and the loss in its logarithm.

    Args:
        rows: of curves.csv.
        marks: steps to mark, by name.

    >>> rows = [{"step": step, "loss": 0.1 ** step} for step in (0.0, 1.0, 2.0)]
    >>> panels = render_curves(rows, {"restored": 2})
    >>> panels.count("<svg"), "restored: step 2" in panels
    (1, True)
    """
    scores = {label: [(x, max(y, _LOWEST_SCORE_DB)) for x, y in line] for label, line in _lines(rows, _SCORES).items()}
    scores = {label: line for label, line in scores.items() if min(y for _, y in line) < _EXACT_DB}
    loss = {label: kept for label, line in _lines(rows, _LOSS).items() if (kept := [(x, y) for x, y in line if y > 0])}
    steps = [step for lines in (scores, loss) for line in lines.values() for step, _ in line]
    if not steps or min(steps) == max(steps):
        return ""
    across = Scale(min(steps), max(steps))
    panels = [_panel(lines, across, marks, logarithmic) for lines, logarithmic in ((scores, False), (loss, True)) if lines]
    listed = "".join(
        f'<li class="m{index}"><i></i>{html.escape(name)}: step {step}</li>' for index, (name, step) in enumerate(marks.items())
    )
    return f'{"".join(panels)}<ul class="legend marks">{listed}</ul>'


def _lines(rows: list[Row], names: dict[str, str]) -> dict[str, Line]:
    """Points by label, of a long fit some; columns that are empty left out."""
    lines = {}
    for name, label in names.items():
        points = [point for point in zip(*column(rows, name), strict=True) if math.isfinite(point[1])]
        if points:
            every = math.ceil(len(points) / _MAX_POINTS)
            lines[label] = [*points[:-1:every], points[-1]]
    return lines


def _panel(lines: dict[str, Line], across: Scale, marks: dict[str, int], logarithmic: bool) -> str:
    values = [y for line in lines.values() for _, y in line]
    up = Scale.around(min(values), max(values), logarithmic)
    first = len(_SCORES) if logarithmic else 0  # of the pens: the loss has one of its own
    curves = "".join(
        f'<path class="c{index}" d="{_path(line, across, up)}"/>' for index, line in enumerate(lines.values(), first)
    )
    dashes = "".join(_mark(f"m{index}", across.share(step)) for index, step in enumerate(marks.values()))
    levels = "".join(f'<span style="bottom:{100 * up.share(tick):.1f}%">{tick:.3g}</span>' for tick in up.ticks())
    whole = [tick for tick in across.ticks() if tick == int(tick)]
    steps = "".join(f'<span style="left:{100 * across.share(tick):.1f}%">{tick:.0f}</span>' for tick in whole)
    legend = "".join(f'<li class="c{index}"><i></i>{label}</li>' for index, label in enumerate(lines, first))
    return (
        f'<ul class="legend">{legend}</ul>'
        f'<div class="plot"><div class="levels">{levels}</div>'
        f'<div class="lines" data-first="{across.low:.0f}" data-last="{across.high:.0f}">'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">{dashes}{curves}</svg></div>'
        f'<div class="steps">{steps}</div></div>'
    )


def _path(line: Line, across: Scale, up: Scale) -> str:
    return "M" + "L".join(f"{_WIDTH * across.share(x):.1f} {_HEIGHT * (1 - up.share(y)):.1f}" for x, y in line)


def _mark(name: str, share: float) -> str:
    return f'<path class="{name}" d="M{_WIDTH * share:.1f} 0V{_HEIGHT}"/>'
