"""The objective of a study: a number where every clip has it, None where one has not, and a misspelt name is told."""

import pytest

from dap.results.objective import OBJECTIVES, check_objective, objective_of

GOOD = {"observation": {"si_sdr": 1.0}, "restored": {"rule": "emv", "blind": True, "step": 3, "si_sdr": 8.0, "stoi": None}}


def test_a_score_of_what_was_restored():
    assert objective_of([GOOD], "si_sdr") == 8.0


@pytest.mark.parametrize("clips", [[], [{}], [GOOD, {}], [GOOD, {"restored": {"si_sdr": None}}]])
def test_a_clip_that_failed_leaves_none(clips):
    assert objective_of(clips, "si_sdr") is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_no_number_is_none(value):
    assert objective_of([{"restored": {"si_sdr": value}}], "si_sdr") is None


def test_a_score_that_does_not_apply_is_none():
    assert objective_of([GOOD], "stoi") is None


def test_an_unknown_score_is_told():
    for name in (None, *OBJECTIVES):
        check_objective(name)
    with pytest.raises(ValueError, match=r"^objective: expected one of si_sdr, .*, residual_flatness or null, got 'sisdr'$"):
        check_objective("sisdr")
