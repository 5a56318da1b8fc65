"""A method holds settings alone: used again, and by two threads at once, it gives what a new one would."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from dap.config.build import build
from dap.methods.iterate import Iterate
from dap.methods.problem import Problem
from tests.methods.test_certain import RATE, SEVERAL, method
from tests.options import options, settings

LEFT_OUT = {"supervised", "dfl"}  # as mix_and_separate: they restore by what was trained
LEFT_OUT |= {"noisereduce"}  # a program of others, that wants higher rates
TASKS = dict.fromkeys(
    ("autoregressive", "blended", "guided", "janssen", "janssen_tf", "linear", "mixed_fills", "phain", "spline"), "inpainting"
)
TASKS |= dict.fromkeys(("a_spade", "ar_acs", "declip", "ss_pew"), "clipping")
TASKS |= dict.fromkeys(("chambolle_pock", "clamp", "dequantize", "smooth"), "quantization")
TASKS |= {"band_extension": "super_resolution", "sinc": "super_resolution", "dereverb": "reverb", "wpe": "reverb"}
SETTINGS = {"inpainting": ["task.n_gaps=2", "task.gap_seconds=0.01"], "quantization": ["task.n_levels=16"]}


def problem(name: str, seed: int) -> Problem:
    """Noise with the damage that the method is for."""
    kind = TASKS.get(name, "denoise")
    task = build(settings(f"task={kind}", *SETTINGS.get(kind, []))["task"], "task")
    generator = torch.Generator().manual_seed(seed)
    sound = 0.5 * torch.randn(1, 1600, generator=generator)
    here = task.at(RATE, 1600, generator)
    return Problem(here.degrade(sound, generator), here, RATE, sound)


def last(iterates: Iterator[Iterate]) -> tuple[torch.Tensor, dict]:
    *_, iterate = iterates
    return iterate.estimate, iterate.facts


@pytest.mark.parametrize("name", sorted(set(options("method")) - LEFT_OUT - SEVERAL))
def test_used_again_and_by_two_at_once(name):
    used, problems = method(name), [problem(name, 0), problem(name, 1)]
    first = [last(used.restore(one)) for one in problems]
    again = [last(used.restore(one)) for one in problems]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(lambda one: last(used.restore(one)), problems))
    for (estimate, facts), *others in zip(first, again, together, strict=True):
        for other, told in others:
            assert torch.equal(estimate, other)
            assert facts == told
