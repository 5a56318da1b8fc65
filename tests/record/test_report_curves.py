"""The curves of a page: what is drawn lies where its labels say, and what cannot be drawn is left out."""

from itertools import pairwise
import math
import re

import pytest

from dap.record.report_curves import render_curves
from dap.record.scale import Scale


def points(page: str, name: str) -> list[tuple[float, float]]:
    """Of the line of a class, in the drawing's 1000 by 300."""
    path = re.search(rf'<path class="{name}" d="M([^"]+)"', page)[1]
    return [tuple(map(float, point.split())) for point in path.split("L")]


def test_steps_lie_evenly_and_scores_upwards():
    rows = [{"step": float(step), "loss": None, "si_sdr_reference": 2.0 * step} for step in range(11)]
    line = points(render_curves(rows, {}), "c0")
    assert [x for x, _ in line] == pytest.approx([100 * step for step in range(11)])
    assert line[0][1] > line[10][1], "down is up in a drawing"
    assert {round(first[1] - second[1], 0) for first, second in pairwise(line)} == {27}


def test_a_mark_lies_at_its_step():
    rows = [{"step": float(step), "loss": 1.0} for step in range(0, 101, 5)]
    page = render_curves(rows, {"restored (<emv>)": 25})
    assert '<path class="m0" d="M250.0 0V300"/>' in page
    assert "restored (&lt;emv&gt;): step 25" in page


def test_a_long_fit_is_drawn_by_some_of_its_steps_up_to_the_last():
    rows = [{"step": float(step), "loss": 1.0 / (1 + step)} for step in range(5001)]
    line = points(render_curves(rows, {}), "c3")
    assert len(line) <= 501
    assert line[-1][0] == 1000


def test_what_is_no_number_is_left_out():
    losses = [1.0, math.nan, math.inf, 0.0, None, 0.1]
    rows = [{"step": float(step), "loss": loss} for step, loss in enumerate(losses)]
    page = render_curves(rows, {})
    assert len(points(page, "c3")) == 2
    assert "nan" not in page
    assert render_curves([{"step": 0.0, "loss": 1.0}], {}) == ""


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-40, 20.5), (3, 4000), (0.001, 0.0011)])
def test_ticks_are_few_and_within(low, high):
    ticks = Scale(low, high).ticks()
    assert 2 <= len(ticks) <= 6
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
