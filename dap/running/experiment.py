"""A configuration, run: every clip of its data restored into a folder, and what failed."""

from dataclasses import dataclass
import json
from pathlib import Path

from omegaconf import DictConfig

from dap.record.folder_names import folder_names
from dap.record.metrics import Metrics
from dap.results.summary import summary_row, write_summary
from dap.results.table import score_table
from dap.running.messages import closing_lines
from dap.running.parts import Parts, build_parts, choose_device
from dap.running.restoration import restore_clip
from dap.running.training_run import train
from dap.system.files import write_whole
from dap.system.threads import set_threads


@dataclass(frozen=True)
class Failure:
    """A clip that could not be restored, and why."""

    clip: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What became of a run: the scores of each clip, none of one that failed."""

    failures: list[Failure]
    metrics: list[Metrics]


def run(cfg: DictConfig, folder: Path, choices: dict[str, str], overrides: list[str]) -> Outcome:
    """Restore every clip of the data into ``folder`` (several: a folder each, and summary.csv); returns what became of them.

    A method that learns is trained first, see `train`.

    Raises:
        ValueError: the configuration, or the only clip, cannot be used: nothing was begun.
        OSError: the folder cannot be written to.
    """
    cfg = cfg.copy()
    cfg.device = choose_device(cfg.device, cfg.precision)
    parts = build_parts(cfg, choices, overrides)
    set_threads(cfg.threads, parts.method.threaded)
    try:
        parts, folder = train(parts, folder)
    except (FloatingPointError, MemoryError) as error:
        return Outcome([Failure("training", str(error))], [{}])
    return _run_one(parts, folder) if len(parts.data.names) == 1 else _run_all(parts, folder)


def _run_one(parts: Parts, folder: Path) -> Outcome:
    clip = parts.data[0]
    try:
        metrics = restore_clip(parts, clip, folder)
    except (FloatingPointError, MemoryError) as error:
        _write_failure(folder, clip.name, str(error))
        return Outcome([Failure(clip.name, str(error))], [{}])
    print(score_table(metrics) if "psnr" in metrics["observation"] else "no reference, no scores")
    for line in closing_lines(parts, json.loads((folder / "run.json").read_text()), metrics):
        print(line)
    print(f"report: {shown(folder / 'report.html')}", flush=True)
    return Outcome([], [metrics])


def _run_all(parts: Parts, folder: Path) -> Outcome:
    names = parts.data.names
    failures: list[Failure] = []
    scores: list[Metrics] = []
    rows = []
    averages = {}
    folders = folder_names(names)
    for index, name in enumerate(names):
        print(f"[{index + 1}/{len(names)}] {name}", flush=True)
        place = folder / folders[index]
        try:
            metrics = restore_clip(parts, parts.data[index], place)
            rows.append(summary_row(name, "finished", metrics))
            scores.append(metrics)
        except (ValueError, FloatingPointError, MemoryError) as error:
            failures.append(Failure(name, str(error)))
            scores.append({})
            rows.append(summary_row(name, "failed", reason=str(error)))
            _write_failure(place, name, str(error))
        averages = write_summary(folder / "summary.csv", rows)  # after each clip: what is done is never lost
    for entry in ("observation", "restored", "oracle"):
        if f"{entry}_si_sdr" in averages:
            mean, deviation = averages[f"{entry}_si_sdr"]
            print(f"{entry:12} SI-SDR {mean:6.2f} ± {deviation:.2f} dB over {len(rows) - len(failures)} clips")
    print(f"summary: {shown(folder / 'summary.csv')}", flush=True)
    return Outcome(failures, scores)


def _write_failure(folder: Path, name: str, reason: str) -> None:
    """run.json of a clip that could not be begun; one that was has written its own."""
    if not (folder / "run.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"status": "failed", "clip": name, "reason": reason}
        write_whole(folder / "run.json", json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def shown(path: Path) -> Path:
    """As a user here would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
