"""The summary of a sweep: every run is a row, in the order of the runs, whatever became of it."""

import csv
import json
import re

from dap.results.sweep import write_sweep


def write_run(folder, status: str, si_sdr: float | None = None, **facts) -> None:
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"status": status, "seconds": 1.5, **facts}))
    if si_sdr is not None:
        metrics = {"observation": {"si_sdr": 1.0}, "restored": {"step": 7, "si_sdr": si_sdr}}
        (folder / "metrics.json").write_text(json.dumps(metrics))
        (folder / "report.html").write_text("")


def test_rows_in_the_order_of_the_runs(tmp_path):
    for number in (10, 9, 0):
        write_run(tmp_path / str(number), "finished", float(number), overrides=[f"seed={number}"], clip="demo")
    write_run(tmp_path / "2", "refused", overrides=["seed=<2>"], reason="no & no")
    write_sweep(tmp_path)
    with open(tmp_path / "summary.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == ["0", "2", "9", "10"]
    assert [row["overrides"] for row in rows] == ["seed=0", "seed=<2>", "seed=9", "seed=10"]
    assert [row["restored_si_sdr"] for row in rows] == ["0.0000", "", "9.0000", "10.0000"]
    assert [row["step"] for row in rows] == ["7", "", "7", "7"]
    page = (tmp_path / "summary.html").read_text()
    assert "refused: no &amp; no" in page
    assert '<td class="text">&lt;2&gt;</td>' in page
    assert "4 runs (3 finished, 1 refused)" in page
    assert 'href="10/report.html"' in page
    assert 'href="2/report.html"' not in page


def test_a_folder_of_clips_inside_a_sweep_is_a_row_a_clip(tmp_path):
    for clip in ("a", "b"):
        write_run(tmp_path / "0" / clip, "finished", 3.0, clip=clip)
    assert [row["clip"] for row in write_sweep(tmp_path)] == ["a", "b"]


def test_what_varies_is_a_column_and_the_rest_is_said_once(tmp_path):
    for seed in (0, 1):
        write_run(tmp_path / str(seed), "finished", 3.0, overrides=["steps=9", f"seed={seed}", "task.noise_std=0.2"], clip="a")
    write_sweep(tmp_path)
    page = (tmp_path / "summary.html").read_text()
    heads = re.findall(r"<th(?: [^>]*)?>(.*?)</th>", page)
    assert heads == ["run", "seed", "status", "step", "s", "observation", "restored", "oracle", "listen"]
    assert "The same for all: <code>steps=9</code> <code>task.noise_std=0.2</code>" in page


def test_a_sweep_of_nothing_and_one_that_holds_a_script(tmp_path):
    write_sweep(tmp_path)
    assert "0 runs" in (tmp_path / "summary.html").read_text()
    write_run(tmp_path / "0", "refused", overrides=["data.path=</script><script>alert(1)"], reason="</script>")
    write_sweep(tmp_path)
    page = (tmp_path / "summary.html").read_text()
    assert page.count("</script>") == 2  # its own: the numbers and the code


def test_five_hundred_runs_are_a_page_that_opens(tmp_path):
    for number in range(500):
        write_run(tmp_path / str(number), "finished", float(number), overrides=[f"seed={number}"])
        rows = "".join(f"{step},{step / 100}\n" for step in range(501))
        (tmp_path / str(number) / "curves.csv").write_text(f"step,si_sdr_reference\n{rows}")
    assert len(write_sweep(tmp_path)) == 500
    assert (tmp_path / "summary.html").stat().st_size < 2e6
