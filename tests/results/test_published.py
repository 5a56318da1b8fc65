"""Which table of a paper stands beside which runs."""

import pytest

from dap.results.published import published_for, published_names, read_published
from dap.results.result_table import average_table
from dap.results.results import read_results
from tests.runs import write_run


def section(folder, *overrides: str, task: str = "separation"):
    write_run(folder / "0", "mix_and_separate_harmonic", "000_a", {"sdr": 9.0, "sir": 12.0}, overrides=overrides, task=task)
    (found,) = read_results(folder).sections
    return found


def test_by_experiment_and_settings(tmp_path):
    made = section(tmp_path, "experiment=table3_separation", "data.holdout=congas", "data.test=holdout")
    published = published_for(made.runs)
    assert published.title == "Table 3, congas"
    rows = average_table(made, ["sdr", "sir"], published, {}).rows
    (ours,) = (row for row in rows if row.kind == "restored")
    assert ours.paper == {"sdr": 13.2, "sir": 7.6, "sar": 6.1}
    assert {row.name for row in rows if row.kind == "paper"} == {"Conv.", "Dilated"}


@pytest.mark.parametrize(
    "overrides",
    [
        ["experiment=table3_separation", "data.holdout=marimba", "data.test=holdout"],
        ["experiment=table3_separation", "data.holdout=congas", "data.test=seen"],
        ["experiment=figure1"],
        [],
    ],
)
def test_none(tmp_path, overrides):
    assert published_for(section(tmp_path, *overrides).runs) is None


def test_by_the_name_of_the_experiment(tmp_path):
    assert published_for(section(tmp_path, "experiment=table1_music", task="denoise").runs).title == "Table 1, music"


@pytest.mark.parametrize("name", published_names())
def test_every_table_is_whole(name):
    published = read_published(name)
    assert all(bool(row.levels) == (published.levels is not None) != bool(row.scores) for row in published.rows)
    assert published.caveats
