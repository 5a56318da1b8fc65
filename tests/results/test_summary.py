"""summary.csv: what failed stays visible and does not enter the means."""

import csv

from dap.results.summary import summary_row, write_summary


def test_failed_clips_are_rows_but_not_in_the_mean(tmp_path):
    rows = [
        summary_row("a", "finished", {"observation": {"si_sdr": 1.0}, "restored": {"step": 4, "si_sdr": 7.0, "rule": "emv"}}),
        summary_row("b", "failed", reason="the clip is silent"),
        summary_row("c", "finished", {"observation": {"si_sdr": 3.0}, "restored": {"step": 8, "si_sdr": 9.0, "rule": "emv"}}),
    ]
    averages = write_summary(tmp_path / "summary.csv", rows)
    assert averages["restored_si_sdr"][0] == 8.0
    assert "oracle_si_sdr" not in averages
    with open(tmp_path / "summary.csv") as file:
        table = list(csv.DictReader(file))
    assert [row["clip"] for row in table] == ["a", "b", "c", "mean", "standard deviation"]
    assert table[1]["reason"] == "the clip is silent"
    assert table[3]["observation_si_sdr"] == "2.0000"
    assert table[3]["restored_step"] == "6.0000"
