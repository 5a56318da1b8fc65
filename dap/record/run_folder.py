"""The files of one run, written as it goes: each whole or not at all, sounds at the level and rate of the input."""

import contextlib
import json
import math
from pathlib import Path
from typing import Any

from torch import Tensor

from dap.audio.sound_file import read_audio, write_audio
from dap.data.clip import Clip
from dap.methods.stopping import StoppingRule
from dap.metrics.whiteness import spectral_flatness
from dap.record.checkpoint import NAME, write_checkpoint
from dap.record.curves import Row, iterate_row, write_curves
from dap.record.metrics import Metrics, metrics_of
from dap.record.plots import draw_curves, draw_spectrograms
from dap.record.report import Report, render_report
from dap.record.report_sounds import MAX_SECONDS, MAX_SNAPSHOTS, spread
from dap.record.run_words import notes, told
from dap.record.trackers.tracker import Tracker
from dap.system.files import remove_unfinished, write_whole
from dap.system.stopwatch import Stopwatch

_ROUNDING = 1e-6  # of the observation's peak


class RunFolder:
    """The record of one clip's restoration.

    Args:
        path: the folder; made where it is missing.
        clip: what is restored.
        observation: the damaged sound, (channel, time), at the clip's level.
        facts: what run.json says besides what is found out here: seed, device, versions …
        missing: (time,), True for the samples that were not observed; None where there are none.
        tracker: is told of everything too.
        earlier: what `save_checkpoint` kept of the record, where a run goes on that was stopped.
        watch: has run since the restoration began; None begins now.
    """

    def __init__(
        self,
        path: Path,
        clip: Clip,
        observation: Tensor,
        facts: dict[str, Any],
        missing: Tensor | None = None,
        tracker: Tracker | None = None,
        earlier: dict[str, Any] | None = None,
        watch: Stopwatch | None = None,
    ) -> None:
        self.path, self.clip, self.observation, self.missing = path, clip, observation, missing
        self.reference = None if clip.degraded else clip.waveform
        self.tracker = tracker or Tracker()
        self.metrics: Metrics = {}
        self.rows: list[Row] = earlier["rows"] if earlier else []
        self.snapshots: list[int] = earlier["snapshots"] if earlier else []
        self.watch = watch or Stopwatch()
        if earlier:
            self.watch.add(earlier["seconds"], earlier["cpu_seconds"])
        self.facts = {
            **facts,
            "clip": clip.name,
            "source": clip.source,
            "sample_rate": clip.sample_rate,
            "n_channels": clip.waveform.shape[-2],
            "n_samples": clip.waveform.shape[-1],
            "degraded": clip.degraded,
            "gain": clip.gain,
            "resumed_at": [*earlier["resumed_at"], self.steps_done] if earlier else [],  # after these steps it was stopped
        }
        (path / "snapshots").mkdir(parents=True, exist_ok=True)
        for place in (path, path / "snapshots"):
            remove_unfinished(place)
        self.write_status("running")
        self._write_sound("observation", observation)
        if self.reference is not None:
            self._write_sound("reference", self.reference)
        self.tracker.start(path, self.facts)
        for name, sound in (("observation", observation), ("reference", self.reference)):
            if sound is not None:
                self._track_sound(name, 0, sound)

    @property
    def steps_done(self) -> int:
        return int(self.rows[-1]["step"] or 0) if self.rows else 0

    def write_status(self, status: str, **more: Any) -> None:
        """run.json: what is known so far."""
        seconds = round(self.watch.seconds, 2)
        self.write_json("run.json", {"status": status, **self.facts, "seconds": seconds, "steps_done": self.steps_done, **more})
        if status != "running":
            self.tracker.finish(self.metrics, status)

    def add_iterate(self, step: int, loss: float | None, estimate: Tensor, observed: Tensor, statistic: float | None) -> Row:
        """A row of the curves; ``observed`` is what the estimate would have been observed as."""
        row = iterate_row(step, loss, estimate, observed, self.observation, self.reference, self.clip.sample_rate)
        row |= {"stopping": statistic, "seconds": self.watch.seconds}
        self.rows.append(row)
        self.tracker.add_row(row)
        return row

    def add_snapshot(self, step: int, estimate: Tensor) -> None:
        """A sound of the fit under way, and the curves up to here."""
        self._write_sound(_snapshot_name(step), estimate)
        self._track_sound("estimate", step, estimate)
        self.snapshots.append(step)
        write_curves(self.path / "curves.csv", self.rows)

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """checkpoint.pt: the state of all others, and the record up to here."""
        record = {
            "rows": self.rows,
            "snapshots": self.snapshots,
            "seconds": self.watch.seconds,
            "cpu_seconds": self.watch.cpu_seconds,
            "resumed_at": self.facts["resumed_at"],
        }
        write_checkpoint(self.path, self.facts["identity"], {**state, "record": record})

    def finish(
        self,
        rule_name: str,
        rule: StoppingRule,
        oracle: StoppingRule | None,
        restored: Tensor,
        failure: str | None = None,
        residual: Tensor | None = None,
    ) -> Metrics:
        """restored.wav (of several sources restored_1.wav …), the scores, the pictures and the report; returns the scores.

        Args:
            failure: why the fit ended before its time: what is restored is the best of what was reached, and labelled so.
            residual: the observation less what ``restored`` would have been observed as; scored without a reference.
        """
        self.facts["cpu_seconds"] = round(self.watch.cpu_seconds, 3)  # of restoring: scores and report come now
        write_curves(self.path / "curves.csv", self.rows)
        self._write_sound("restored", restored)
        self._track_sound("restored", rule.step or 0, restored)
        self.metrics = metrics = self._metrics(rule_name, rule, oracle, restored)
        if residual is not None and residual.abs().max() > _ROUNDING * self.observation.abs().max():
            with contextlib.suppress(ValueError):  # nothing is left over, or less than a frame: nothing to score
                metrics["restored"]["residual_flatness"] = spectral_flatness(residual)
        self.write_json("metrics.json", metrics)
        self._write_pages(rule_name, rule, oracle, restored, failure)
        stopping = {"rule": rule_name, "step": rule.step, "reason": rule.reason}
        if failure is not None:
            self.write_status("failed", reason=failure, stopping=stopping)
            return metrics
        self.write_status("finished", stopping=stopping)  # the last: what says so is whole
        (self.path / NAME).unlink(missing_ok=True)
        return metrics

    def _write_pages(
        self, rule_name: str, rule: StoppingRule, oracle: StoppingRule | None, restored: Tensor, failure: str | None
    ) -> None:
        """The pictures, and report.html; of `finish`."""
        marks = {f"restored ({rule_name})": rule.step or 0}
        heard = "restored" if rule_name == "none" else f"restored ({rule_name}, step {rule.step})"
        sounds = {"observation": self.observation, **by_source(heard, restored)}
        if self.reference is not None:
            sounds = {**by_source("reference", self.reference), **sounds}
        if oracle is not None and oracle.estimate is not None:
            marks["oracle"] = oracle.step or 0
            sounds.update(by_source(f"oracle (step {oracle.step}; needs the reference)", oracle.estimate))
        pictures = {"spectrograms": draw_spectrograms(sounds, self.clip.sample_rate)}
        course = self.rows if len(self.rows) > 1 else []  # of one estimate there are no curves
        if course:
            pictures = {"curves": draw_curves(course, marks), **pictures}
        for name, png in pictures.items():
            write_whole(self.path / f"{name}.png", png)
            self.tracker.add_picture(name, png)
        report = Report(
            title=f"{self.clip.name}: {self.facts['task']} by {self.facts['system']}",
            facts=[*((name, str(value)) for name, value in self.facts.items()), ("stopped", rule.reason)],
            metrics=_with_sources(self.metrics),
            sounds=sounds,
            snapshots=self._some_snapshots() if course else [],
            sample_rate=self.clip.sample_rate,
            pictures={},
            notes=notes(self.clip, rule_name, rule, "oracle" in self.metrics) + self._notes_of_sources(restored),
            told=told(self.facts, self.clip, self.observation, rule_name, rule),
            minus=("observation", heard) if restored.shape == self.observation.shape else None,
            rows=course,
            marks=marks,
            warning="" if failure is None else f"The fit failed: {failure}. What is restored was reached before.",
        )
        write_whole(self.path / "report.html", render_report(report))

    def _metrics(self, rule_name: str, rule: StoppingRule, oracle: StoppingRule | None, restored: Tensor) -> Metrics:
        sounds = {"observation": self.observation, "restored": restored}
        facts: Metrics = {"restored": {"rule": rule_name, "blind": rule.blind, "step": rule.step}}
        if oracle is not None and oracle.estimate is not None:
            sounds["oracle"] = oracle.estimate
            facts["oracle"] = {"rule": "oracle", "blind": False, "step": oracle.step}
        scores = metrics_of(sounds, self.reference, self.clip.sample_rate, self.missing)
        return {name: {**facts.get(name, {}), **scores[name]} for name in sounds}

    def _some_snapshots(self) -> list[tuple[int, Tensor]]:
        """Step and sound of those that a report holds; of several sources the first."""
        return [(step, self._read_snapshot(step)) for step in spread(self.snapshots, MAX_SNAPSHOTS)]

    def _notes_of_sources(self, restored: Tensor) -> list[str]:
        return ["The snapshots are those of the first source."] if restored.ndim == 3 and len(self.rows) > 1 else []

    def _read_snapshot(self, step: int) -> Tensor:
        path = self.path / _snapshot_name(step)
        found = path.with_suffix(".wav") if path.with_suffix(".wav").exists() else path.with_name(f"{path.name}_1.wav")
        return read_audio(found, seconds=MAX_SECONDS)[0] * self.clip.gain

    def _write_sound(self, name: str, waveform: Tensor) -> None:
        for source, sound in by_source(name, waveform, "_").items():
            write_audio(self.path / f"{source}.wav", sound / self.clip.gain, self.clip.sample_rate)

    def _track_sound(self, name: str, step: int, waveform: Tensor) -> None:
        for source, sound in by_source(name, waveform, "_").items():
            self.tracker.add_sound(source, step, sound / self.clip.gain, self.clip.sample_rate)

    def write_json(self, name: str, content: Any) -> None:
        write_whole(self.path / name, json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _snapshot_name(step: int) -> str:
    return f"snapshots/step_{step:06d}"


def by_source(name: str, waveform: Tensor, separator: str = ", source ") -> dict[str, Tensor]:
    """A sound by its name; several, (source, channel, time), by names numbered from 1 on.

    >>> import torch
    >>> list(by_source("restored", torch.zeros(2, 1, 8), "_"))
    ['restored_1', 'restored_2']
    """
    if waveform.ndim == 2:
        return {name: waveform}
    return {f"{name}{separator}{index + 1}": source for index, source in enumerate(waveform)}


def _with_sources(metrics: Metrics) -> Metrics:
    """Each entry, and after it those of its sources."""
    listed: Metrics = {}
    for name, entry in metrics.items():
        listed[name] = entry
        listed.update({f"{name}, source {number}": scores for number, scores in entry.get("sources", {}).items()})
    return listed


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: null."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
