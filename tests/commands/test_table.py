"""dap-table: the folder's runs as a table in three formats, with a paper's figures and listeners' votes beside them."""

import csv
import json
from pathlib import Path
import re
import sys

import pytest

from dap.commands.table import main
from dap.results.published import published_names, read_published
from tests.options import options
from tests.runs import write_run

SYSTEMS = {"spectrogram_unet": 0.0, "dilated_unet": 1.0, "harmonic": 3.0}


@pytest.fixture
def sweep(tmp_path) -> Path:
    """Three systems, two clips, two seeds: clip b is 2 dB above clip a, seed 1 is 0.5 dB above seed 0."""
    for model, gain in SYSTEMS.items():
        for clip in ("a", "b"):
            for seed in (0, 1):
                value = 6.0 + gain + 2 * (clip == "b") + 0.5 * seed
                scores = {"si_sdr": value, "segmental_snr": -value, "log_spectral_distance": 1 / value}
                write_run(tmp_path / model / clip / str(seed), model, clip, scores, seed=seed, oracle={"si_sdr": value + 1})
    return tmp_path


def table(monkeypatch, capsys, *arguments: object) -> str:
    monkeypatch.setattr(sys, "argv", ["dap-table", *map(str, arguments)])
    main()
    return capsys.readouterr().out


def mistake(monkeypatch, capsys, *arguments: object) -> str:
    monkeypatch.setattr(sys, "argv", ["dap-table", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("dap-table: error: ")
    assert error.count("\n") == 1
    return error


def cells(markdown: str, start: str) -> list[list[str]]:
    """The cells of the Markdown rows that begin with ``start``."""
    rows = [line.strip("| ").split(" | ") for line in markdown.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows if row[0].strip() == start]


def records(path: Path) -> list[dict[str, str]]:
    with open(path) as file:
        return list(csv.DictReader(file))


def test_means_by_hand(sweep, monkeypatch, capsys):
    text = table(monkeypatch, capsys, sweep)
    assert text.startswith((sweep / "table.md").read_text())
    blind, oracle = cells(text, "harmonic")
    # clips of 9.25 and 11.25: 10.25 ± √2
    assert blind[:5] == ["harmonic", "blind: discrepancy", "2", "2", "**10.25 ± 1.41**"]
    assert oracle[:5] == ["harmonic", "oracle", "2", "2", "11.25 ± 1.41"]
    assert cells(text, "observation")[0][4] == "5.00 ± 0.00"
    assert text.count("**") == 4, "the best blind SI-SDR and the best blind SSNR are bold, nothing else"
    assert cells(text, "spectrogram_unet")[0][5] == "**−7.25 ± 1.41**"


def test_paired_differences_go_from_best_to_worst(sweep, monkeypatch, capsys):
    text = table(monkeypatch, capsys, sweep, "--scores", "si_sdr,log_spectral_distance")
    assert cells(text, "harmonic − dilated_unet")[0][1] == "+2.00 ± 0.00 (2 of 2)"
    assert cells(text, "dilated_unet − spectrogram_unet")[0][1] == "+1.00 ± 0.00 (2 of 2)"
    assert cells(text, "harmonic − dilated_unet")[0][2].endswith("(2 of 2)"), "lower is better, and it is lower"
    assert "LSD ↓" in text


def test_csv_holds_all_digits(sweep, monkeypatch, capsys):
    table(monkeypatch, capsys, sweep, "--scores", "si_sdr", "--out", sweep / "new" / "folder")
    rows = records(sweep / "new" / "folder" / "table.csv")
    (row,) = (row for row in rows if row["system"] == "harmonic" and row["kind"] == "restored")
    assert float(row["si_sdr_mean"]) == 10.25
    assert float(row["si_sdr_deviation"]) == pytest.approx(2**0.5, abs=1e-12)
    assert (row["n_clips"], row["n_seeds"], row["complete"], row["estimate"]) == ("2", "2", "True", "blind: discrepancy")
    assert len(rows) == 7
    assert not (sweep / "table.csv").exists()


def test_a_row_a_clip(sweep, monkeypatch, capsys):
    text = table(monkeypatch, capsys, sweep, "--by", "clip", "--scores", "si_sdr")
    harmonic = [row for row in cells(text, "b") if row[1:3] == ["harmonic", "blind: discrepancy"]]
    assert harmonic == [["b", "harmonic", "blind: discrepancy", "2", "**11.25 ± 0.35**"]]  # 11.0 and 11.5
    assert len(records(sweep / "table_by_clip.csv")) == 14
    assert not (sweep / "table.md").exists()


def test_every_row_of_a_latex_table_has_as_many_cells_as_columns(sweep, monkeypatch, capsys):
    write_run(sweep / "9", "harmonic", "50%_a&b", {"si_sdr": 1.0}, overrides=("model.x_y={a:1}",))
    table(monkeypatch, capsys, sweep, "--by", "clip")
    table(monkeypatch, capsys, sweep, "--paper", "table1_speech")
    for name in ("table", "table_by_clip"):
        text = (sweep / f"{name}.tex").read_text()
        found = re.findall(r"\\begin\{tabular\}\{([lr]+)\}\n\\toprule\n(.*?)\\bottomrule\n\\end\{tabular\}", text, re.DOTALL)
        assert len(found) == text.count(r"\begin{tabular}") > 0
        for columns, body in found:
            rows = [line for line in body.splitlines() if line != r"\midrule"]
            assert all(line.endswith(r" \\") for line in rows)
            assert {len(re.findall(r"(?<!\\)&", line)) for line in rows} == {len(columns) - 1}
        content = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
        assert not re.search(r"(?<!\\)[%#_]", content), "a sign that LaTeX takes as its own"
        for opening, closing in ((r"(?<!\\)\{", r"(?<!\\)\}"), (r"(?<!\\)\$", None)):
            count = len(re.findall(opening, content))
            assert count == len(re.findall(closing, content)) if closing else count % 2 == 0
    assert r"harmonic (x\_y=\{a:1\})" in (sweep / "table.tex").read_text()
    assert r"50\%\_a\&b" in (sweep / "table_by_clip.tex").read_text()


def test_clips_that_are_not_the_same_are_marked(sweep, monkeypatch, capsys):
    facts = json.loads((sweep / "harmonic/b/1/run.json").read_text())
    (sweep / "harmonic/b/1/metrics.json").unlink()
    (sweep / "harmonic/b/1/run.json").write_text(json.dumps({**facts, "status": "running"}))
    facts = json.loads((sweep / "dilated_unet/b/0/run.json").read_text())
    for seed in (0, 1):
        (sweep / f"dilated_unet/b/{seed}/run.json").write_text(
            json.dumps({**facts, "status": "failed", "reason": "it | broke"})
        )
    text = table(monkeypatch, capsys, sweep, "--scores", "si_sdr")
    assert cells(text, "spectrogram_unet")[0][2] == "2"
    assert cells(text, "harmonic")[0][2:4] == ["2 †", "2"]
    assert cells(text, "dilated_unet")[0][2] == "1 of 2 †"
    assert "**" not in text, "means over other clips have no best"
    assert "†: not all clips" in text
    assert cells(text, "harmonic − dilated_unet")[0][1] == "+2.00 (1 of 1)", "over the one clip of both"
    assert "Not in the tables: 2 failed, 1 running." in text
    assert r"dilated_unet/b/0: it \| broke" in text


@pytest.mark.parametrize(
    ("values", "bold"),
    [((6.0, 7.0), "**7.00"), ((6.0, 6.004), None), ((3.0, 4.0), None), ((4.0, 5.004), None), ((4.0, 5.01), "**5.01")],
)
def test_no_tie_is_bold_and_nothing_that_is_no_better_than_the_observation(tmp_path, monkeypatch, capsys, values, bold):
    """Which has 5 dB; by what is shown."""
    for model, value in zip(("harmonic", "dilated_unet"), values, strict=True):
        write_run(tmp_path / model, model, "a", {"si_sdr": value})
    text = table(monkeypatch, capsys, tmp_path, "--scores", "si_sdr")
    assert ("**" not in text) if bold is None else (text.count("**") == 2 and bold in text)


def test_what_looked_at_the_reference_is_called_oracle(sweep, monkeypatch, capsys):
    for clip in ("a", "b"):
        for seed in (0, 1):
            entry = {"rule": "none", "blind": False}
            write_run(sweep / "mask" / clip / str(seed), "ideal_mask", clip, {"si_sdr": 20.0}, seed=seed, entry=entry)
            entry = {"rule": "none", "blind": True}
            write_run(sweep / "wiener" / clip / str(seed), "wiener", clip, {"si_sdr": 1.0}, seed=seed, entry=entry)
    text = table(monkeypatch, capsys, sweep, "--scores", "si_sdr")
    assert cells(text, "ideal_mask") == [["ideal_mask", "oracle", "2", "2", "20.00 ± 0.00"]]
    assert cells(text, "wiener") == [["wiener", "blind", "2", "2", "1.00 ± 0.00"]]
    assert "**10.25" in cells(text, "harmonic")[0][4], "the best of the blind"


def test_a_score_that_does_not_apply_to_every_clip(tmp_path, monkeypatch, capsys):
    write_run(tmp_path / "0", "harmonic", "a", {"si_sdr": 1.0, "segmental_snr": 3.0})
    reasons = {"not_scored": {"segmental_snr": "80 samples are too short"}}
    write_run(tmp_path / "1", "harmonic", "b", {"si_sdr": 2.0, "segmental_snr": None}, entry=reasons)
    text = table(monkeypatch, capsys, tmp_path)
    assert cells(text, "harmonic")[0][5] == "3.00 (1)"
    assert "SSNR does not apply everywhere, (n): over n clips alone. b: 80 samples are too short." in text


def test_level_and_settings_stand_below(tmp_path, monkeypatch, capsys):
    for model, more in (("harmonic", ("steps=9",)), ("dilated_unet", ())):
        told = ("task.noise_std=0.05", "data.path=clips", *more)
        write_run(tmp_path / model, model, "a", {"si_sdr": 1.0}, overrides=told, size="quick", noise="rain.wav, looped")
    text = table(monkeypatch, capsys, tmp_path)
    assert "Level: each clip scaled to a peak of 1.0, before anything is done." in text
    assert "Clips of 1.00 s at 8000 Hz." in text
    assert "All: task=denoise, size quick, noise rain.wav, looped, task.noise_std=0.05, data.path=clips." in text
    assert "harmonic alone: steps=9." in text


def test_observations_that_differ_are_told(tmp_path, monkeypatch, capsys):
    for model, value in (("harmonic", 5.0), ("dilated_unet", 5.5)):
        write_run(tmp_path / model, model, "a", {"si_sdr": 7.0}, observation={"si_sdr": value})
    assert "Not comparable: the observations of a are not the same" in table(monkeypatch, capsys, tmp_path)


def test_damaged_inputs_have_no_scores_and_still_a_table(tmp_path, monkeypatch, capsys):
    write_run(tmp_path / "0", "harmonic", "a", observation={}, degraded=True)
    text = table(monkeypatch, capsys, tmp_path)
    assert cells(text, "harmonic") == [["harmonic", "blind: discrepancy", "1", "1"]]
    assert "no reference, so there are no scores" in text


def test_a_papers_figures_stand_beside_ours(sweep, monkeypatch, capsys):
    write_run(sweep / "9", "harmonic", "a", {"segmental_snr": 1.0}, overrides=("model.operator.mixing=false",))
    text = table(monkeypatch, capsys, sweep, "--paper", "table1_speech", "--scores", "segmental_snr")
    assert cells(text, "system")[0] == ["system", "estimate", "clips", "seeds", "SSNR, dB", "paper"]
    assert cells(text, "harmonic")[0][5] == "7.12"
    assert cells(text, "harmonic (mixing=false)")[0][5] == "–", "the paper's figure is not of the ablation"
    assert cells(text, "dilated_unet")[0][5] == "4.85"
    assert cells(text, "Wave-U-Net (paper alone)")[0][1:] == ["–", "–", "–", "–", "−4.62"]
    assert "does not state at what level" in text
    assert "The paper also gives CBAK" in text
    rows = records(sweep / "table.csv")
    assert {row["system"]: row["segmental_snr_paper"] for row in rows if row["kind"] == "paper"}["DNP+LSA"] == "-3.73"


def test_an_experiment_named_as_a_papers_table_brings_it(tmp_path, monkeypatch, capsys):
    for index, experiment in enumerate(("table1_music", "table2_quantization")):
        facts = {"task": "denoise" if index == 0 else "quantization", "overrides": (f"experiment={experiment}",)}
        write_run(tmp_path / str(index), "harmonic", "a", {"segmental_snr": 1.0}, **facts)
    text = table(monkeypatch, capsys, tmp_path)
    assert [row[5] for row in cells(text, "harmonic") if len(row) > 5] == ["9.85", "2.05"]
    assert "0.790" in text, "the paper's human votes"


def test_published_tables_name_systems_and_scores_that_there_may_be():
    for name in (name for name in published_names() if name.startswith("table")):
        found = read_published(name)
        assert found.rows
        assert found.caveats
        assert all(row.scores.keys() == found.rows[0].scores.keys() for row in found.rows)
        named = {str(row.system).removeprefix("mix_and_separate_") for row in found.rows}
        assert {"spectrogram_unet", "dilated_unet", "harmonic"} <= named
        assert {"spectrogram_unet", "dilated_unet", "harmonic"} <= set(options("model"))
    # The paper's claim, in its own figures: harmonic > dilated > regular.
    ssnr = {row.system: row.scores["segmental_snr"] for row in read_published("table1_speech").rows}
    assert ssnr["harmonic"] > ssnr["dilated_unet"] > ssnr["spectrogram_unet"]
    shares = [row.scores["human_votes"] for row in read_published("table2_quantization").rows]
    assert sum(shares) == pytest.approx(1.0)


def votes_of(sweep: Path, name: str, votes: dict[str, str], listener: str, saved: str = "2026-01-01") -> None:
    key = {"t1": {"clip": "a", "options": {"o1": "harmonic/a/0", "o2": "dilated_unet/a/0"}}}
    key["t2"] = {"clip": "b", "options": {"o3": "harmonic/b/1", "o4": "dilated_unet/b/1", "o5": "spectrogram_unet/b/1"}}
    (sweep / "listen_key.json").write_text(json.dumps({"trials": key}))
    content = {"listener": name, "listener_id": listener, "saved": saved, "votes": votes}
    (sweep / f"votes_{name}.json").write_text(json.dumps(content))


def test_votes_are_a_column(sweep, monkeypatch, capsys):
    votes_of(sweep, "ann", {"t1": "o1", "t2": "o3"}, "1")
    votes_of(sweep, "bob", {"t1": "o2", "t2": "o3"}, "2")
    votes_of(sweep, "ann (1)", {"t1": "o1", "t2": "o4"}, "1", saved="2026-01-02")  # she saved again, and changed one vote
    text = table(monkeypatch, capsys, sweep, "--scores", "si_sdr", "--paper", "table1_speech")
    assert cells(text, "harmonic")[0][5] == "0.500 (4)"
    assert cells(text, "dilated_unet")[0][5] == "0.500 (4)"
    assert cells(text, "spectrogram_unet")[0][5] == "0.000 (2)"
    assert "2 listeners" in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not json", "not JSON"),
        ("[]", "expected a JSON object, got list"),
        ("{}", "not a votes file that a page of dap-listen saved"),
        ('{"listener_id": "1", "saved": "", "votes": {"t1": ["o1"]}}', "not a votes file"),
        ('{"listener_id": "1", "saved": "", "votes": {"t9": "o1"}}', "trial 't9' with option 'o1' is in no page"),
        ('{"listener_id": "1", "saved": "", "votes": {"t1": "o5"}}', "trial 't1' with option 'o5' is in no page"),
    ],
)
def test_a_votes_file_that_is_none(sweep, monkeypatch, capsys, content, said):
    votes_of(sweep, "ann", {"t1": "o1"}, "1")
    (sweep / "votes_bob.json").write_text(content)
    error = mistake(monkeypatch, capsys, sweep)
    assert "votes_bob.json" in error
    assert said in error


def test_mistakes(sweep, monkeypatch, capsys):
    empty = sweep / "empty"
    empty.mkdir()
    assert "nowhere: no such folder" in mistake(monkeypatch, capsys, "nowhere")
    assert "no finished run" in mistake(monkeypatch, capsys, empty)
    error = mistake(monkeypatch, capsys, sweep, "--scores", "si_sdr,stoy")
    assert "no such score: stoy; there are si_sdr, psnr" in error
    assert "'table9': no such table of a paper; there are field_columns" in mistake(
        monkeypatch, capsys, sweep, "--paper", "table9"
    )
    error = mistake(monkeypatch, capsys, sweep, "--paper", "table2_quantization")
    assert "is of the task quantization, these runs are of denoise" in error
    (sweep / "votes_ann.json").write_text("{}")
    assert "cannot be read without listen_key.json" in mistake(monkeypatch, capsys, sweep)
