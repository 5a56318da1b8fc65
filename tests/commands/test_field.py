"""The field's benchmarks, each on a folder laid out as the benchmark's, by the commands; and their tables."""

import json
import math
from pathlib import Path
import shutil
import subprocess

import numpy as np
import pytest
import torch

from dap.audio.sound_file import write_audio
from dap.commands.table import tabulate
from dap.results.published import read_published
from tests.processes import dap_run
from tests.runs import write_run
from tests.test_tables_script import tables

EXPERIMENTS = {  # levels and methods, few of each, and the score that the table shows
    "field_declipping": ("task.input_sdr_db=10,20", "restore,ar_acs", "snr", True),
    "field_dequantization": ("task.n_bits=4,6", "restore,smooth", "snr", True),
    "field_columns": ("task.gap_columns=2,4", "restore,janssen_tf", "snr", False),
    "field_gaps": ("task.gap_seconds=0.01,0.02", "restore,autoregressive", "snr_missing", False),
}
SMALL = {
    "field_columns": ["task.n_fft=512", "task.hop_length=128", "data.n_clips=1"],
    "field_gaps": ["task.n_gaps=3", "task.apart_seconds=0.05"],
}


def write_tones(path: Path, base: float, rate: int, seconds: float) -> None:
    """Partials that die away, and some noise."""
    time = torch.arange(round(seconds * rate)) / rate
    partials = [torch.sin(2 * math.pi * base * k * time) * torch.exp(-k * time) / k for k in range(1, 6)]
    noise = 0.003 * torch.randn(len(time), generator=torch.Generator().manual_seed(round(base)))
    write_audio(path, 0.3 * (sum(partials) + noise)[None], rate)


@pytest.fixture(scope="module")
def benchmarks(tmp_path_factory) -> Path:
    """Two sounds in each folder, at a low rate, and the masks of STFT columns."""
    folder = tmp_path_factory.mktemp("field")
    sounds, originals, masks = (
        folder / name
        for name in ("declipping2020_codes/Sounds", "spectrogram-inpainting/audio-originals", "spectrogram-inpainting/masks")
    )
    for place in (sounds, originals, masks):
        place.mkdir(parents=True)
    (sounds / "Sound_database.mat").write_bytes(b"MATLAB")  # what is not a sound is not read
    for index, name in enumerate(("a08_violin", "a60_piano_schubert")):
        write_tones(sounds / f"{name}.wav", 220.0 + 97 * index, 8000, 0.8)
        write_tones(originals / f"audio_original_example{index}.wav", 150.0 + 71 * index, 8000, 0.8)
    for n_columns in (2, 4):
        kept = np.ones((1, 6400 // 128 + 1))
        for first in (12, 30):
            kept[:, first : first + n_columns] = 0
        save = pytest.importorskip("scipy.io").savemat
        save(masks / f"spectrogram_mask{n_columns}.mat", {f"C{n_columns}": kept})
    return folder


def command(experiment: str, *more: str) -> list[str]:
    levels, methods, *_ = EXPERIMENTS[experiment]
    return [f"experiment={experiment}", levels, f"method={methods}", *SMALL.get(experiment, []), *more]


def cells(markdown: str, name: str) -> list[list[str]]:
    """The cells after the name in every row of that name."""
    lines = (line.replace("−", "-") for line in markdown.splitlines() if line.startswith("|"))
    rows = [[cell.strip(" *") for cell in line.split("|")[1:-1]] for line in lines]
    return [row[1:] for row in rows if row[0] == name]


def metrics_of(folder: Path) -> list[dict[str, dict[str, float]]]:
    return [json.loads(path.read_text()) for path in sorted(folder.rglob("metrics.json"))]


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_benchmarks_folder_gives_its_table(experiment, benchmarks, tmp_path):
    done = dap_run(*command(experiment), f"hydra.sweep.dir={tmp_path / 'out'}", folder=benchmarks)
    assert done.returncode == 0, done.stderr
    markdown = tabulate(tmp_path / "out", None, None, None, by_clip=False)
    levels, methods, score, gain = EXPERIMENTS[experiment]
    heads = cells(markdown, "system")
    published = read_published(experiment)
    expected = [published.levels.label.format(level) for level in levels.split("=")[1].split(",")]
    assert heads == [[*expected, "mean"]] * 2  # of the scores, and of what they cost
    for method in methods.split(","):
        scores, costs = cells(markdown, method)
        found = []
        for run in sorted((tmp_path / "out").glob("[0-9]*")):
            facts = [json.loads(path.read_text()) for path in run.rglob("run.json")]
            if {fact["method"] for fact in facts} == {method}:
                of_clips = [entry["restored"][score] - gain * entry["observation"][score] for entry in metrics_of(run)]
                found.append(sum(of_clips) / len(of_clips))
        assert [float(cell) for cell in scores] == pytest.approx([*found, sum(found) / 2], abs=0.006)
        assert all(0 <= float(cell) < 1000 for cell in costs)
        assert any(float(cell) > 0 for cell in costs)
    for row in published.rows:
        (shown,) = cells(markdown, row.name)
        figures = [row.levels.get(level) for level in levels.split("=")[1].split(",")]
        assert shown[:-1] == ["–" if figure is None else f"{figure:.2f}" for figure in figures]
    assert f"Published: {published.source}" in markdown


def test_four_bits_alone_are_enough(benchmarks, tmp_path):
    arguments = ["task=quantization", "task.n_bits=4", "method=clamp", "data=folder", "data.glob='*.wav'", "data.n_clips=1"]
    path = "data.path=declipping2020_codes/Sounds"
    done = dap_run(*arguments, path, f"hydra.run.dir={tmp_path / 'out'}", folder=benchmarks)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "run.json").read_text())["n_levels"] == 16


@pytest.mark.parametrize("experiment", EXPERIMENTS)
@pytest.mark.parametrize("mode", ["MULTIRUN", "RUN"])
def test_a_folder_that_is_not_there_is_one_line_that_says_what_to_fetch(experiment, mode, tmp_path):
    done = dap_run(f"experiment={experiment}", f"hydra.mode={mode}", folder=tmp_path)
    assert done.returncode == 2
    place, what = (
        "declipping2020_codes/Sounds",
        "the ten wav files in Sounds of https://github.com/rajmic/declipping2020_codes",
    )
    if experiment == "field_columns":
        place = "spectrogram-inpainting/audio-originals"
        what = "audio-originals and masks of https://github.com/rajmic/spectrogram-inpainting"
    assert done.stderr == f"dap-run: error: data: path must be a folder, got {place}; fetch {what}\n"
    assert not (tmp_path / "outputs" / "sweeps").exists()


def test_a_folder_without_sounds_is_one_line_too(tmp_path):
    done = dap_run("experiment=field_gaps", "data.path=.", folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no file in . fits the glob '*.wav'; fetch the ten wav files" in done.stderr


def test_masks_that_are_not_there(benchmarks, tmp_path):
    shutil.copytree(benchmarks / "spectrogram-inpainting" / "audio-originals", tmp_path / "sounds")
    done = dap_run("experiment=field_columns", "hydra.mode=RUN", "data.path=sounds", "data.n_clips=1", folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "sounds/../masks/spectrogram_mask2.mat: no such file" in done.stderr


@pytest.mark.slow
def test_a_sweep_that_was_stopped_goes_on(benchmarks, tmp_path):
    arguments = [*command("field_dequantization"), f"hydra.sweep.dir={tmp_path / 'out'}"]
    assert dap_run(*arguments, folder=benchmarks).returncode == 0
    whole = tabulate(tmp_path / "out", None, None, None, by_clip=False)
    before = metrics_of(tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "2")
    (tmp_path / "out" / "1" / "a08_violin" / "metrics.json").unlink()
    partial = tabulate(tmp_path / "out", None, None, None, by_clip=False)
    assert "†" in partial
    done = dap_run(*arguments, folder=benchmarks)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("finished already") == len(before) - 3
    assert metrics_of(tmp_path / "out") == before
    again = tabulate(tmp_path / "out", None, None, None, by_clip=False)
    assert again.split("Seconds of CPU")[0] == whole.split("Seconds of CPU")[0]


@pytest.mark.slow
def test_one_command_several_at_a_time(benchmarks):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    settings = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "data.n_clips=1", "method=smooth,clamp", "task.n_bits=4,8"]
    done: subprocess.CompletedProcess[str] = tables("field_dequantization", *settings, folder=benchmarks)
    assert done.returncode == 0, done.stderr
    text = (benchmarks / "out" / "table.md").read_text()
    assert cells(text, "system")[0] == ["4 bits", "8 bits", "mean"]
    assert cells(text, "clamp")[0] == ["0.00", "0.00", "0.00"]
    assert float(cells(text, "smooth")[0][0]) > 0


@pytest.mark.slow
def test_one_command_without_the_folder(tmp_path):
    done = tables("field_declipping", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "fetch the ten wav files in Sounds of" in done.stderr


@pytest.fixture
def written(tmp_path) -> Path:
    """Two clips at two levels by two methods, as runs leave them: ss_pew gains 10 and 20 dB, restore 1 dB more."""
    for index, (method, level) in enumerate((m, v) for m in ("ss_pew", "restore") for v in ("5", "10.0")):
        for clip in "ab":
            gain = {"5": 10.0, "10.0": 20.0}[level] + (method == "restore") + (0.5 if clip == "a" else -0.5)
            write_run(
                tmp_path / str(index) / clip,
                method,
                clip,
                {"snr": float(level) + gain, "si_sdr": 1.0},
                observation={"snr": float(level), "si_sdr": 0.0},
                overrides=("experiment=field_declipping", f"task.input_sdr_db={level}"),
                task="clipping",
                cpu_seconds=2.0,
                entry={"rule": "none"},
            )
    return tmp_path


def test_the_best_first_and_each_published_row_after_its_own(written):
    markdown = tabulate(written, None, None, None, by_clip=False)
    names = [line.split("|")[1].strip() for line in markdown.split("Seconds of CPU")[0].splitlines() if line.startswith("| ")]
    peers = ["SS-PEW, published", "A-SPADE, published", "NMF, published"]
    assert names == ["system", "---", "observation (SNR)", "restore", "ss_pew", *peers]
    assert "| restore | **11.00** | **21.00** | **16.00** |".replace("**16.00**", "16.00") in markdown
    assert cells(markdown, "ss_pew") == [["10.00", "20.00", "15.00"], ["2.00", "2.00", "2.00"]]
    assert cells(markdown, "SS-PEW, published") == [["16.61", "19.01", "17.81"]]
    assert (written / "table.tex").read_text().count(r"\begin{tabular}") == 2


def test_of_each_clip_and_of_other_scores(written):
    by_clip = tabulate(written, None, None, None, by_clip=True)
    assert "| a | restore | **11.50** | **21.50** | 16.50 |" in by_clip
    assert "published" not in by_clip.split("\n- ")[0]
    sections = tabulate(written, "si_sdr", None, None, by_clip=False)
    assert sections.count("## clipping, input_sdr_db=") == 2


def test_a_level_under_way_is_marked_and_none_is_bold(written):
    shutil.rmtree(written / "3" / "b")
    markdown = tabulate(written, None, None, None, by_clip=False)
    assert cells(markdown, "restore †")[0] == ["11.00", "21.50", "16.25"]
    assert "**" not in markdown


def test_runs_that_a_benchmark_cannot_stand_beside(written):
    for path in written.rglob("run.json"):
        path.write_text(path.read_text().replace("task.input_sdr_db", "task.level"))
    assert "## clipping, level=5" in tabulate(written, None, None, None, by_clip=False)
    with pytest.raises(
        ValueError, match=r"field_declipping is of one score, and of runs that differ in task\.input_sdr_db alone"
    ):
        tabulate(written, None, None, "field_declipping", by_clip=False)
