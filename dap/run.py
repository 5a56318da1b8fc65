"""One run: build every part from the configuration, restore each clip, record it."""

from collections.abc import Iterator
import contextlib
from dataclasses import dataclass, fields, replace
from pathlib import Path
import platform
import subprocess
from typing import Any

import numpy
from omegaconf import DictConfig, OmegaConf
import torch
from torch import Tensor
from tqdm import tqdm

from dap import __version__
from dap.data.clip import Clip, Dataset
from dap.methods.iterate import Iterate
from dap.methods.method import Method
from dap.record.folder_names import folder_names
from dap.record.run_folder import Metrics, RunFolder
from dap.record.summary import summary_row, write_summary
from dap.record.table import score_table
from dap.record.trackers.guarded import Guarded
from dap.record.trackers.tracker import Tracker
from dap.schema import Config, build, system_name
from dap.stopping import Fixed, Oracle, StoppingRule
from dap.tasks.task import Task


@dataclass(frozen=True)
class Failure:
    """A clip that could not be restored, and why."""

    clip: str
    reason: str


@dataclass
class Parts:
    """What a configuration describes, made."""

    task: Task
    method: Method
    data: Dataset
    tracker: Tracker
    settings: dict[str, Any]
    choices: dict[str, str]
    overrides: list[str]

    @property
    def rule_name(self) -> str:
        """Of the stopping rule; "none" where the method gives one estimate, and there is nothing to choose."""
        return "none" if self.method.n_iterates == 1 else self.choices["stopping"]

    def stopping(self) -> StoppingRule:
        """A new rule, for one restoration."""
        if self.method.n_iterates == 1:
            rule = Fixed()
            rule.blind, rule.reason = self.method.blind, "the method gives one estimate"
            return rule
        chosen: StoppingRule = build(self.settings["stopping"], "stopping")
        return chosen


def build_parts(cfg: DictConfig, choices: dict[str, str], overrides: list[str]) -> Parts:
    """Check the configuration and make everything that it describes, before any work.

    Args:
        cfg: composed by Hydra.
        choices: option chosen in each config group.
        overrides: what the command line set.

    Raises:
        ValueError: one line that names the key, the value and what was expected.
    """
    unknown = sorted(str(name) for name in cfg if name not in {field.name for field in fields(Config)})
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no such setting; see dap-run --help")
    missing = sorted(OmegaConf.missing_keys(cfg))
    if missing:
        raise ValueError(f"{', '.join(missing)}: needs a value")
    settings: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    for name in ("steps", "snapshot_every"):
        if settings[name] < 1:
            raise ValueError(f"{name}: must be at least 1, got {settings[name]}")
    if not 0 < settings["lr"] < float("inf"):
        raise ValueError(f"lr: must be a number above 0, got {settings['lr']}")
    if not 0 <= settings["seed"] < 2**63:
        raise ValueError(f"seed: must be at least 0, got {settings['seed']}")
    if any(override.startswith("upsampler=") for override in overrides) and not settings["model"].get("upsampler"):
        raise ValueError(f"upsampler: model={choices.get('model')} upsamples in its own way and takes no other")
    build(settings["stopping"], "stopping")  # to find what is wrong with it now
    return Parts(
        task=build(settings["task"], "task"),
        method=build(settings["method"], "method"),
        data=build(settings["data"], "data"),
        tracker=Guarded(build(settings["tracker"], "tracker")),
        settings=settings,
        choices=choices,
        overrides=overrides,
    )


def choose_device(device: str, threads: int | None, tf32: bool) -> str:
    """Set torch up; returns the device to run on, where "auto" is CUDA if there is one.

    Raises:
        ValueError: an unknown device, CUDA where there is none, or threads below 1.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device: must be auto, cpu or cuda, got {device!r}")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device: cuda was asked for, but torch finds no CUDA device here; device=auto takes the CPU")
    if threads is not None:
        if threads < 1:
            raise ValueError(f"threads: must be at least 1 or null, got {threads}")
        torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    return ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device


def run(cfg: DictConfig, folder: Path, choices: dict[str, str], overrides: list[str]) -> list[Failure]:
    """Restore every clip of the data into ``folder`` (several: a folder each, and summary.csv); returns what failed.

    Raises:
        ValueError: the configuration, or the only clip, cannot be used: nothing was begun.
        OSError: the folder cannot be written to.
    """
    cfg = cfg.copy()
    cfg.device = choose_device(cfg.device, cfg.threads, cfg.tf32)
    parts = build_parts(cfg, choices, overrides)
    names = parts.data.names
    if len(names) == 1:
        clip = parts.data[0]
        try:
            metrics = restore_clip(parts, clip, folder)
        except FloatingPointError as error:
            return [Failure(clip.name, str(error))]
        print(score_table(metrics) if "psnr" in metrics["observation"] else "no reference, no scores")
        print(f"report: {_shown(folder / 'report.html')}", flush=True)
        return []

    failures: list[Failure] = []
    rows = []
    folders = folder_names(names)
    for index, name in enumerate(names):
        print(f"[{index + 1}/{len(names)}] {name}", flush=True)
        try:
            metrics = restore_clip(parts, parts.data[index], folder / folders[index])
            rows.append(summary_row(name, "finished", metrics))
        except (ValueError, FloatingPointError) as error:
            failures.append(Failure(name, str(error)))
            rows.append(summary_row(name, "failed", reason=str(error)))
        averages = write_summary(folder / "summary.csv", rows)  # after each clip: what is done is never lost
    for entry in ("observation", "restored", "oracle"):
        if f"{entry}_si_sdr" in averages:
            mean, deviation = averages[f"{entry}_si_sdr"]
            print(f"{entry:12} SI-SDR {mean:6.2f} ± {deviation:.2f} dB over {len(rows) - len(failures)} clips")
    print(f"summary: {_shown(folder / 'summary.csv')}", flush=True)
    return failures


def observe_clip(parts: Parts, clip: Clip) -> tuple[Clip, Task, Tensor]:
    """Damage a clip, unless it is damaged already; returns the clip (at the rate that is restored), its task, the observation.

    Raises:
        ValueError: clip and task do not fit each other.
    """
    if clip.degraded or clip.observation is not None:
        damaged = clip.waveform if clip.observation is None else clip.observation
        observation, rate = parts.task.receive(damaged, clip.sample_rate)
        task = parts.task.at(rate, observation.shape[-1], None)
        if clip.degraded:
            return replace(clip, waveform=observation, sample_rate=rate), task, observation
        if rate != clip.sample_rate:
            raise ValueError(
                f"{clip.source}: the task makes {rate} Hz of the damaged sound, but its reference has {clip.sample_rate} Hz"
            )
        return clip, task, observation
    generator = torch.Generator().manual_seed(parts.settings["seed"])
    task = parts.task.at(clip.sample_rate, clip.waveform.shape[-1], generator)
    return clip, task, task.degrade(clip.waveform, generator)


def restore_clip(parts: Parts, clip: Clip, folder: Path) -> Metrics:
    """Damage a clip (unless it is damaged already), restore it, record it; returns the scores.

    Raises:
        ValueError: clip and configuration do not fit each other: nothing was begun.
        FloatingPointError: the fit failed; run.json says so, and what was written stays.
    """
    settings = parts.settings
    clip, task, observation = observe_clip(parts, clip)
    reference = None if clip.degraded else clip.waveform
    iterates: Iterator[Iterate] = parts.method.restore(observation, task, clip.sample_rate, reference)
    rule = parts.stopping()
    oracle = None if reference is None or parts.method.n_iterates == 1 else Oracle()
    for judge in (rule, oracle):
        if judge is not None:
            judge.start(task, observation, reference)

    facts = {**_facts(parts), **task.facts, **parts.method.facts}
    record = RunFolder(folder, clip, observation, facts, task.missing, parts.tracker)
    every, last = settings["snapshot_every"], parts.method.n_iterates - 1
    try:
        with tqdm(iterates, total=last + 1, unit="step", disable=None, dynamic_ncols=True) as progress:
            for iterate in progress:
                rule.update(iterate.step, iterate.estimate)
                estimate = task.finish(iterate.estimate, observation)
                if oracle is not None:
                    oracle.update(iterate.step, estimate)
                row = record.add_iterate(iterate.step, iterate.loss, estimate, task.observe(estimate), rule.statistic)
                stop = rule.done and settings["stop_early"]
                if iterate.step % every == 0 or iterate.step == last or stop:
                    record.add_snapshot(iterate.step, estimate)
                shown = "psnr_observation" if reference is None else "psnr_reference"
                progress.set_postfix({"loss": iterate.loss, shown.replace("psnr", "PSNR to"): row[shown]})
                if stop:
                    break
        if rule.estimate is None:
            raise FloatingPointError("the stopping rule chose no iterate")
        return record.finish(parts.rule_name, rule, oracle, task.finish(rule.estimate, observation))
    except FloatingPointError as error:
        record.write_status("failed", reason=str(error))
        raise
    except BaseException as error:
        with contextlib.suppress(OSError):
            record.write_status("interrupted", reason=type(error).__name__)
        raise


def _shown(path: Path) -> Path:
    """As a user here would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _facts(parts: Parts) -> dict[str, Any]:
    """What run.json says about program, machine and settings."""
    settings = parts.settings
    device = settings["device"]
    fits = parts.method.n_iterates > 1
    fit = {"model": parts.choices["model"], "size": parts.choices["size"], "steps": settings["steps"]} if fits else {}
    return {
        "task": parts.choices["task"],
        "system": system_name(settings["method"], parts.choices),
        "method": parts.choices["method"],
        **fit,
        "seed": settings["seed"],
        "task_settings": {name: value for name, value in settings["task"].items() if name != "_target_"},
        "peak": settings["data"].get("peak"),  # the level that is worked at; the files are at the input's
        "device": torch.cuda.get_device_name() if device == "cuda" else f"cpu ({platform.machine()})",
        "threads": torch.get_num_threads(),
        "tf32": settings["tf32"],
        "versions": {
            "dap": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": numpy.__version__,
        },
        "commit": _commit(),
        "overrides": parts.overrides,
    }


def _commit() -> str | None:
    """The commit of dap's checkout; None for an installed wheel."""
    here = Path(__file__).resolve().parents[1]
    if not (here / ".git").exists():
        return None
    asked = ["git", "-C", str(here), "rev-parse", "HEAD"]
    with contextlib.suppress(OSError):
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        return done.stdout.strip() or None
    return None
