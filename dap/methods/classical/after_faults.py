"""For recordings with more faults than noise: clicks, flat tops, hum and rumble first, and then the noise."""

import torch
from torch import Tensor

from dap.dsp.clicks import clicks
from dap.dsp.hum import hum
from dap.dsp.rumble import rumble
from dap.methods.classical.autoregressive import Autoregressive
from dap.methods.classical.declip import Declip
from dap.methods.iterate import Facts
from dap.methods.method import Method
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem

_ROUNDS = 2  # of looking for clicks: one that is filled hides its neighbors no longer


class AfterFaults(OneShot):
    """Each fault is looked for, and taken away where it is found beyond doubt; then another method restores.

    Clicks are filled as gaps, samples elsewhere are left (`dap.dsp.clicks`). Where tops are flat, as only a clipped recording
    has them, they are declipped, and the peak is then higher than it was. Hum and rumble are subtracted (`dap.dsp.hum`,
    `dap.dsp.rumble`), and as much rumble as clean recordings have is put back in the end.

    Args:
        fill: which fills clicks.
        tops: which declips.
        then: which takes the noise away.
        clicks, declip, hum, rumble: whether they are looked for.
    """

    tasks = frozenset({"denoise"})

    def __init__(
        self,
        fill: Autoregressive,
        tops: Declip,
        then: Method,
        clicks: bool = True,
        declip: bool = True,
        hum: bool = True,
        rumble: bool = True,
    ) -> None:
        super().__init__()
        self.fill, self.tops, self.then = fill, tops, then
        self.clicks, self.declip, self.hum, self.rumble = clicks, declip, hum, rumble

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        """The one estimate, and the facts of what took the noise away, with what was found before."""
        waveform, sample_rate, found = problem.observation, problem.sample_rate, Facts()
        put_back = torch.zeros_like(waveform)
        if self.clicks:
            waveform, n_clicks = self._without_clicks(waveform, sample_rate)
            found["clicks_a_minute"] = 60 * n_clicks * sample_rate / waveform.shape[-1]
        if self.declip:
            before, waveform = waveform, self.tops.declipped(waveform, sample_rate)
            tops = before[waveform != before]
            found |= {"clipped_at": float(tops.abs().max())} if len(tops) else {}
        if self.hum:
            lines, hertz = hum(waveform, sample_rate)
            waveform = waveform - lines
            found |= {"hum_std": _rms(lines), "hum_hz": hertz}
        if self.rumble:
            below, put_back = rumble(waveform, sample_rate)
            waveform = waveform - below
            found["rumble_std"] = _rms(below - put_back)
        *_, iterate = self.then.restore(Problem(waveform, problem.task, sample_rate))
        return iterate.estimate + put_back, {**iterate.facts, **found}

    def _without_clicks(self, waveform: Tensor, sample_rate: int) -> tuple[Tensor, int]:
        """The waveform with its clicks filled, and how many there were in the channel that has most."""
        hit = torch.zeros_like(waveform, dtype=torch.bool)
        filled = waveform
        for _ in range(_ROUNDS):
            more = clicks(filled, sample_rate)
            if not more.any():
                break
            hit |= more
            filled = torch.cat([self._filled(*each, sample_rate) for each in zip(waveform, hit, strict=True)])
        begun = hit[:, 1:] & ~hit[:, :-1]
        return filled, int((begun.sum(-1) + hit[:, 0]).max())

    def _filled(self, channel: Tensor, hit: Tensor, sample_rate: int) -> Tensor:
        """(1, time)."""
        return self.fill.filled(channel[None], hit, sample_rate) if hit.any() else channel[None]


def _rms(waveform: Tensor) -> float:
    return float(waveform.double().square().mean().sqrt())
