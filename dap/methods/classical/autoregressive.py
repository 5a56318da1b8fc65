"""Autoregressive interpolation: missing samples are what linear prediction expects from those around them."""

import math

import torch
from torch import Tensor

from dap.dsp.autoregression import linear_prediction, predict_missing
from dap.dsp.interpolation import interpolate_missing
from dap.dsp.masks import gaps_together, runs_of
from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem

_ORDERS_A_SAMPLE = 10  # of the longest gap; Janssen's 3 is 1 to 3 dB worse on music with gaps up to 2 ms
_SAMPLES_AN_ORDER = 4  # a stretch of context is at least so many times the model's order
_SAMPLES_A_RUN = 2  # and a run of known samples, where the model is made from these


class Autoregressive(OneShot):
    """For each gap in turn: an autoregressive model of the sound around it, and in the gap what the model expects.

    Where the context has runs of known samples twice as long as the model's order it is made from these alone, at once, and
    ``turns`` times more from the filled context, each time with the gap filled anew. Where not, or if it is not to be, model
    and missing samples take turns: first the gap is a straight line, then each is made from the other, ``iterations`` times.
    Gaps near each other are filled together; where another gap lies in the context, it is known if it was filled before, and
    unknown with this one if not. Each channel is on its own, in float64; observed samples stay as they are, and clipped ones
    end at or beyond their level.

    Args:
        order: of the model; None takes ten times the longest gap, and at most ``max_order_seconds``.
        max_order_seconds: what the model looks back at most, s: it holds the period of the lowest tone that it knows.
        context_seconds: sound around a gap from which the model is made, s, on each side; at least the gap's own length, so
            that the model is not mostly made from what it put there.
        iterations: how often model and samples take turns, where they do.
        from_known: the model is made from the known samples alone where it can be; False: never, as Janssen's.
        windowed: samples near the middle of the context weigh most in the model (Hann); False: all weigh the same.
        turns: how often a model made from the known samples alone is followed by one of the filled context, all samples of
            which weigh the same: it tells apart tones that are too close for either side of the gap, and costs as much again.

    Raises:
        ValueError: settings out of range; from `restore`, a task that has no missing samples.

    Reference: Janssen, Veldhuis and Vries, IEEE Trans. ASSP 34(2), 1986 (who take as order 3 · gap + 2, at most 50).
    """

    tasks = frozenset({"inpainting", "clipping"})

    def __init__(
        self,
        order: int | None = None,
        max_order_seconds: float = 0.012,
        context_seconds: float = 0.05,
        iterations: int = 3,
        from_known: bool = True,
        windowed: bool = True,
        turns: int = 0,
    ) -> None:
        super().__init__()
        if order is not None and order < 1:
            raise ValueError(f"order must be at least 1 or null, got {order}")
        for name, value in (("max_order_seconds", max_order_seconds), ("context_seconds", context_seconds)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be above 0 s, got {value}")
        if iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {iterations}")
        if turns < 0:
            raise ValueError(f"turns must be at least 0, got {turns}")
        self.order, self.max_order_seconds, self.context_seconds = order, max_order_seconds, context_seconds
        self.iterations, self.from_known, self.windowed, self.turns = iterations, from_known, windowed, turns

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and the facts."""
        observation, task = problem.observation, problem.task
        assert task.missing is not None
        return task.finish(self.filled(observation, task.missing, problem.sample_rate), observation), {}

    def filled(self, waveform: Tensor, missing: Tensor, sample_rate: int) -> Tensor:
        """A waveform, (..., time), whose samples where ``missing``, (time,), is True are made anew; the others are left."""
        missing = missing.cpu()
        context = max(1, round(self.context_seconds * sample_rate))
        highest = max(1, round(self.max_order_seconds * sample_rate))
        channels = waveform.reshape(-1, waveform.shape[-1]).double().cpu()
        made = torch.stack([self._fill(channel, missing, context, highest) for channel in channels])
        return torch.where(missing, made.reshape(waveform.shape), waveform.cpu()).to(waveform)

    def _fill(self, waveform: Tensor, missing: Tensor, context: int, highest: int) -> Tensor:
        """One channel, (time,), cluster of gaps after cluster."""
        filled, unknown = waveform.where(~missing, 0.0), missing.clone()
        for gaps in gaps_together(runs_of(missing), context):
            longest = max(last - first for first, last in gaps)
            order = self.order or min(_ORDERS_A_SAMPLE * longest, highest)
            around = max(context, longest, _SAMPLES_AN_ORDER * order)
            first, last = gaps[0][0], gaps[-1][1]
            known = (~unknown[max(0, first - around) : last + around]).nonzero()[:, 0] + max(0, first - around)
            # From the first known sample to the last: another gap at an end tells nothing, and costs much
            start, end = (min(first, int(known[0])), max(last, int(known[-1]) + 1)) if len(known) else (first, last)
            stretch = self._stretch(filled[start:end], unknown[start:end], order)
            filled[first:last] = stretch[first - start : last - start]
            unknown[first:last] = False
        return filled

    def _stretch(self, waveform: Tensor, missing: Tensor, order: int) -> Tensor:
        """One stretch of a channel, (time,), with all that is missing in it."""
        runs = runs_of(~missing) or [(0, 1)]
        known_span = slice(runs[0][0], runs[-1][1])  # an extrapolation tells the model nothing
        if self.from_known and max(end - start for start, end in runs) >= _SAMPLES_A_RUN * order:
            stretch = predict_missing(waveform, missing, linear_prediction(waveform, order, ~missing, self.windowed))
            n_turns, windowed = self.turns, False
        else:
            stretch = interpolate_missing(waveform, missing, "linear")
            order = min(order, known_span.stop - 1 - known_span.start)
            n_turns, windowed = self.iterations if order else 0, self.windowed
        for _ in range(n_turns):
            model = linear_prediction(stretch[known_span], order, windowed=windowed)
            stretch = predict_missing(stretch, missing, model)
        return stretch
