"""Curves of several runs, side by side."""

import json

import pytest

from dap.record.curves import write_curves
from dap.results.compare import comparison_table, read_courses


def write_run(folder, overrides: list[str], psnr: list[float | None]) -> None:
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"clip": "tones", "system": "harmonic", "overrides": overrides}))
    write_curves(folder / "curves.csv", [{"step": step, "psnr_reference": value} for step, value in enumerate(psnr)])


def test_runs_are_named_by_what_tells_them_apart(tmp_path):
    write_run(tmp_path / "0", ["steps=3", "model=harmonic"], [5.0, 19.5, 20.0, 19.2])
    write_run(tmp_path / "1", ["steps=3", "model=dilated_unet"], [5.0, 12.0, 8.0, 7.0])
    harmonic, dilated = read_courses(tmp_path)
    assert (harmonic.name, dilated.name) == ("model=harmonic", "model=dilated_unet")
    assert harmonic.best() == (2, 20.0)
    assert harmonic.steps_near_best() == 3
    assert harmonic.psnr_at(1) == 19.5
    assert dilated.psnr_at(50) is None
    assert len(comparison_table([harmonic, dilated]).splitlines()) == 3


def test_a_folder_without_runs(tmp_path):
    write_run(tmp_path / "degraded", [], [None, None])
    with pytest.raises(ValueError, match="no run with a reference below this folder"):
        read_courses(tmp_path)
