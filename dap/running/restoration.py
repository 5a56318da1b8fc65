"""One clip: damage it, restore it step by step, record it; and go on where an earlier process was stopped."""

from collections.abc import Iterator
import contextlib
from dataclasses import replace
from pathlib import Path
import platform
import subprocess
import traceback
from typing import Any

import numpy
import torch

from dap import __version__
from dap.config.schema import system_name
from dap.data.clip import Clip
from dap.methods.iterate import Iterate
from dap.methods.observe import observe_clip
from dap.methods.problem import Problem
from dap.record.checkpoint import read_checkpoint
from dap.record.earlier import clear_run, finished_metrics
from dap.record.identity import identity
from dap.record.metrics import Metrics
from dap.record.run_folder import RunFolder
from dap.running.following import Following, failure_told
from dap.running.judges import Judges
from dap.running.messages import opening_line
from dap.running.parts import Parts
from dap.system.interruption import Interruption
from dap.system.memory import is_out_of_memory, seconds_that_fit
from dap.system.stopwatch import Stopwatch


def restore_clip(parts: Parts, clip: Clip, folder: Path) -> Metrics:
    """Damage a clip (unless it is damaged already), restore it, record it; returns the scores.

    What an earlier process did in this folder is not done again: a run that is finished is left as it is, one that was
    stopped goes on from its checkpoint. The setting ``restart`` begins anew.

    Raises:
        ValueError: clip and configuration do not fit each other, or the folder holds another run: nothing was begun.
        FloatingPointError: the fit failed; run.json says so, and the best of what was reached is kept.
        MemoryError: there is not enough of it; the message says how much sound would fit.
        KeyboardInterrupt, SystemExit: a signal; the checkpoint is written.
    """
    restoration = Restoration(parts, clip)
    if parts.settings["restart"]:
        clear_run(folder)
    metrics = finished_metrics(folder, restoration.identity)
    if metrics is not None:
        print(f"{folder}: finished already", flush=True)
        return metrics
    try:
        metrics = restoration.run(folder, read_checkpoint(folder, restoration.identity))
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        traceback.clear_frames(error.__traceback__)  # they hold what did not fit
        reason = _out_of_memory(parts, clip)
        restoration.give_up(reason)
        raise MemoryError(reason) from error
    restoration.interruption.obey()  # a signal during the last step: this clip is finished, what comes after it is not
    return metrics


class Restoration:
    """A clip with its task, its observation, and those who judge the iterates.

    Raises:
        ValueError: clip and task do not fit each other.
    """

    def __init__(self, parts: Parts, clip: Clip) -> None:
        self.parts = parts
        self.clip, self.task, self.observation = observe_clip(clip, parts.task, parts.settings["seed"])
        self.reference = None if clip.degraded else self.clip.waveform
        self.problem = Problem(self.observation, self.task, self.clip.sample_rate, self.reference)
        self.identity = identity(parts.settings, self.observation, self.reference)
        self.judges = Judges(parts.stopping(), self.problem, parts.method.iterative)
        self.record: RunFolder | None = None
        self.interruption = Interruption()

    def run(self, folder: Path, state: dict[str, Any] | None) -> Metrics:
        """Restore, from the beginning or from a checkpoint's state; see `restore_clip`."""
        task, method, watch = self.task, self.parts.method, Stopwatch()
        problem = self.problem
        iterates = method.restore(problem) if state is None else method.resume(state["method"], problem)
        self.judges.start(state)
        if len(self.parts.data.names) == 1:
            print(opening_line(self.parts, self.clip), flush=True)
        facts = {**facts_of(self.parts), "identity": self.identity, **task.facts, **({} if state is None else state["facts"])}
        earlier = None if state is None else state["record"]
        record = self.record = RunFolder(
            folder, self.clip, self.observation, facts, task.missing, self.parts.tracker, earlier, watch
        )
        with failure_told(record.write_status, self.interruption):
            try:
                self._follow(iterates, record)
            except FloatingPointError as error:
                self._finish(record, failure=str(error))
                raise
            return self._finish(record)

    def give_up(self, reason: str) -> None:
        """Write into run.json why it failed, where it can still be written."""
        if self.record is not None:
            with contextlib.suppress(OSError):
                self.record.write_status("failed", reason=reason)

    def _follow(self, iterates: Iterator[Iterate], record: RunFolder) -> None:
        """Judge and record the iterates, up to the last that is wanted; with a checkpoint now and then."""
        settings, last = self.parts.settings, self.parts.method.count(self.problem) - 1

        def save(iterate: Iterate) -> None:
            if iterate.state is not None:
                record.save_checkpoint({"method": iterate.state(), "facts": iterate.facts, **self.judges.state()})

        bar: dict[str, Any] = {"total": last + 1, "initial": record.steps_done, "unit": "step"}
        with Following(iterates, save, settings["checkpoint_seconds"], self.interruption, **bar) as following:
            for iterate in following:
                record.facts.update(iterate.facts)
                estimate = self.judges.look(iterate)
                observed, rule = self.task.observe(estimate), self.judges.rule
                row = record.add_iterate(iterate.step, iterate.loss, estimate, observed, rule.statistic)
                stop = rule.done and settings["stop_early"]
                if iterate.step % settings["snapshot_every"] == 0 or iterate.step == last or stop:
                    record.add_snapshot(iterate.step, estimate)
                shown = "psnr_observation" if self.reference is None else "psnr_reference"
                following.show({"loss": iterate.loss, shown.replace("psnr", "PSNR to"): row[shown]})
                if stop:
                    break

    def _finish(self, record: RunFolder, failure: str | None = None) -> Metrics:
        rule = self.judges.rule
        if rule.estimate is None:
            self.give_up(failure or "the stopping rule chose no iterate")
            raise FloatingPointError(failure or "the stopping rule chose no iterate")
        restored = self.judges.finished(rule.estimate)
        residual = self.observation - self.task.observe(restored)
        return record.finish(self.parts.rule_name, rule, self.judges.oracle, restored, failure, residual)


def _out_of_memory(parts: Parts, clip: Clip) -> str:
    """The one line that a user needs: how much of this sound would fit."""

    def attempt(n_samples: int) -> None:
        observed = None if clip.observation is None else clip.observation[..., :n_samples]
        part = replace(clip, waveform=clip.waveform[..., :n_samples], observation=observed)
        part, task, observation = observe_clip(part, parts.task, parts.settings["seed"])
        iterates = parts.method.restore(Problem(observation, task, part.sample_rate))
        for _ in range(2):  # the second one needs the gradient too
            next(iterates, None)

    seconds = clip.waveform.shape[-1] / clip.sample_rate
    fitting = seconds_that_fit(attempt, clip.waveform.shape[-1], clip.sample_rate)
    advice = "take a smaller size or model" if fitting is None else f"{fitting:.2f} s of it fit: data.seconds={fitting:.2f}"
    return f"out of memory on {parts.settings['device']} with {seconds:.2f} s of sound; {advice}"


def facts_of(parts: Parts) -> dict[str, Any]:
    """What run.json says about program, machine and settings."""
    settings = parts.settings
    device = settings["device"]
    fits = parts.method.iterative
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
        "precision": settings["precision"],
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
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return None
    asked = ["git", "-C", str(here), "rev-parse", "HEAD"]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False)
        return done.stdout.strip() or None
    return None
