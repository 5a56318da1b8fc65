"""What `dap.fit` gives: a restoration under way, looked at as it goes, without a folder or a command."""

from collections.abc import Callable
from dataclasses import replace
import importlib
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from dap.data.clip import Clip
from dap.methods.iterate import Facts, Iterate
from dap.methods.method import Method
from dap.methods.observe import observe_clip
from dap.methods.problem import Problem
from dap.methods.stopping import StoppingRule
from dap.record.curves import Row, iterate_row
from dap.record.metrics import Metrics, metrics_of
from dap.record.plots import Figure, curves_figure, spectrograms_figure
from dap.running.judges import Judges
from dap.system.memory import is_out_of_memory
from dap.tasks.task import Task

PICTURES = ("spectrograms", "curves")


class LiveFit:
    """A restoration that goes on as far as it is asked for: iterate over it, or take its ``estimate``.

    Each iterate has a ``step``, a ``loss`` and an ``estimate``. Iterating again goes on where it was left.

    Attributes:
        sample_rate: Hz, of the estimates.
        n_steps: updates at most.
        rows: of the curves so far, as in curves.csv.
        facts: what was found out about the sound, as in run.json.
        finished: whether the rule has chosen, or the last step was made.

    Args:
        clip: the damaged sound, or with an observation its reference.
        task, method, rule: what was done to it, what restores it, and what chooses the step.
        seed: of what the task draws.
        stop_early: end when the rule's choice is final.
        as_callers: makes of (channel, time), at the clip's own level, what the caller is given.
        progress: whether there is a bar; None: in a terminal or a notebook.

    Raises:
        ValueError: these do not fit each other: nothing was begun.
    """

    def __init__(
        self,
        clip: Clip,
        task: Task,
        method: Method,
        rule: StoppingRule,
        seed: int,
        stop_early: bool,
        as_callers: Callable[[Tensor], Any],
        progress: bool | None,
    ) -> None:
        self._clip, here, observation = observe_clip(clip, task, seed)
        reference = None if clip.degraded else self._clip.waveform
        self._problem = Problem(observation, here, self._clip.sample_rate, reference)
        self._method, self._stop_early, self._as_callers = method, stop_early, as_callers
        self._judges = Judges(rule, self._problem, method.iterative)
        with torch.inference_mode(False), torch.enable_grad():  # a fit needs gradients, wherever it is called from
            self._iterates = method.restore(self._problem)
        self._judges.start()
        self._disable = None if progress is None else not progress
        self._bar: Any = None
        self.sample_rate = self._clip.sample_rate
        self.n_steps = method.count(self._problem) - 1
        self.facts: Facts = dict(here.facts)
        self.rows: list[Row] = []
        self.finished = False

    def __iter__(self) -> "LiveFit":
        return self

    def __next__(self) -> Iterate:
        """The next iterate; FloatingPointError where a number is no longer finite: the best before it is kept."""
        if self.finished:
            raise StopIteration
        if self._bar is None:
            self._bar = tqdm(total=self.n_steps + 1, unit="step", disable=self._disable, dynamic_ncols=True)
        try:
            with torch.inference_mode(False), torch.enable_grad():
                iterate = next(self._iterates)
                estimate = self._look(iterate)
        except RuntimeError as error:
            self._end()
            if self.rows or is_out_of_memory(error):
                raise
            raise ValueError(f"the network does not fit its input: {error}") from error  # one of the caller's own, at once
        except BaseException:
            self._end()
            raise
        return replace(iterate, estimate=self._given(estimate), state=None)

    @property
    def step(self) -> int | None:
        """Of the rule's choice so far."""
        return self._judges.rule.step

    @property
    def reason(self) -> str:
        """Why that step, in words."""
        return self._judges.rule.reason if self._method.iterative else "the method gives one estimate"

    @property
    def estimate(self) -> Any:
        """The restored sound: what is left of the fit is run first."""
        return self._given(self._restored())

    @property
    def oracle(self) -> Any:
        """The estimate nearest to the reference; None without a reference, or without a choice."""
        self._restored()
        judge = self._judges.oracle
        return None if judge is None or judge.estimate is None else self._given(judge.estimate)

    @property
    def scores(self) -> Metrics:
        """Of the observation and of what was restored, as in metrics.json; ValueError without a reference."""
        reference = self._problem.reference
        if reference is None:
            raise ValueError("scores need a reference: dap.fit(waveform, sample_rate, reference=clean)")
        sounds = {"observation": self._problem.observation, "restored": self._restored()}
        if self._judges.oracle is not None and self._judges.oracle.estimate is not None:
            sounds["oracle"] = self._judges.oracle.estimate
        return metrics_of(sounds, reference, self.sample_rate, self._problem.task.missing)

    def plot(self, picture: str = "spectrograms") -> Figure:
        """The spectrograms of observation, estimate and reference, or the "curves" of the fit, as it is by now.

        Raises:
            ValueError: another picture, or nothing to draw yet.
        """
        if picture not in PICTURES:
            raise ValueError(f"picture must be one of {', '.join(PICTURES)}, got {picture!r}")
        rule = self._judges.rule
        if rule.step is None or rule.estimate is None:
            raise ValueError("nothing to draw yet: iterate, or take the estimate")
        if picture == "curves":
            return curves_figure(self.rows, {"restored": rule.step})
        chosen = self._judges.finished(rule.estimate)
        sounds = {"observation": self._problem.observation, f"restored, step {rule.step}": chosen}
        if self._problem.reference is not None:
            sounds["reference"] = self._problem.reference
        return spectrograms_figure(sounds, self.sample_rate)

    def play(self) -> Any:
        """A player of the estimate for a notebook: IPython.display.Audio; ValueError where IPython is not installed."""
        try:
            audio = importlib.import_module("IPython.display").Audio
        except ImportError as error:
            raise ValueError("play needs IPython, as notebooks have it: pip install ipython") from error
        sound = (self._restored() / self._clip.gain).clamp(-1, 1).cpu()
        return audio(sound.numpy(), rate=self.sample_rate, normalize=False)

    def __repr__(self) -> str:
        state = "finished" if self.finished else "under way" if self.rows else "not begun"
        return f"LiveFit({state}: step {max(0, len(self.rows) - 1)} of {self.n_steps}, chosen: {self.step})"

    def _look(self, iterate: Iterate) -> Tensor:
        """Judge it, and keep a row of the curves."""
        estimate = self._judges.look(iterate)
        rule, reference = self._judges.rule, self._problem.reference
        observation, observed = self._problem.observation, self._problem.task.observe(estimate)
        row = iterate_row(iterate.step, iterate.loss, estimate, observed, observation, reference, self.sample_rate)
        self.rows.append({**row, "stopping": rule.statistic})
        self.facts.update(iterate.facts)
        self._bar.set_postfix({"loss": iterate.loss})
        self._bar.update()
        if (rule.done and self._stop_early) or iterate.step == self.n_steps or not self._method.iterative:
            self._end()
        return estimate

    def _restored(self) -> Tensor:
        for _ in self:
            pass
        chosen = self._judges.rule.estimate
        assert chosen is not None
        return self._judges.finished(chosen)

    def _given(self, estimate: Tensor) -> Any:
        return self._as_callers(estimate / self._clip.gain)

    def _end(self) -> None:
        self.finished = True
        self._bar.close()
        self._iterates = iter(())  # and with it the network
