"""What an observation tells for certain comes out bit for bit: of every method, at every task that tells something."""

from functools import cache

import pytest
import torch
from torch import Tensor

from dap.config.build import build
from dap.methods.method import Method
from dap.methods.problem import Problem
from dap.tasks.task import Task
from tests.options import options, settings

RATE = 2000
SHAPES = [(2, 801), (1, 1000)]  # (channel, time), each with another seed
# The cells are sixteenths, so that their borders have no rounding. A method's own output keeps every observed sample of a
# task with gaps; what is finished keeps those outside the fades.
TASKS = {
    "inpainting": [
        ["task.n_gaps=2", "task.gap_seconds=0.01"],
        ["task.n_gaps=2", "task.gap_columns=1", "task.n_fft=32", "task.hop_length=8"],
    ],
    "clipping": [["task.input_sdr_db=10.0"]],
    "quantization": [["task.n_levels=16"]],
    "super_resolution": [["task.interpolation=sinc"], ["task.interpolation=linear"]],
}
# No sample is known: there is noise, a room, or another sound, on all of them; or (sample) finish leaves all to the method.
NOTHING = {"denoise", "reverb", "sample", "separation", "chain"}
# They take several sounds apart: an estimate has one dimension more, and what is certain is the sum.
SEVERAL = {"double_dip", "mix_and_separate"}
# These make a sound of their own, and it is `finish` that gives back what is certain: fitted and trained networks; and what
# takes noise away, and knows no cells.
FREE = {"deep_prior", "guided", "windowed", "dnp", "supervised", "dfl"}
FREE |= {
    "block_threshold",
    "filter_bank",
    "log_mmse",
    "noisereduce",
    "oracle_wiener",
    "spectral_subtraction",
    "wavelet",
    "wiener",
}
# And these are made for what is certain: none of them may refuse.
MADE_FOR = {
    "inpainting": {"autoregressive", "blended", "janssen", "janssen_tf", "linear", "mixed_fills", "phain", "restore", "spline"},
    "clipping": {"a_spade", "ar_acs", "autoregressive", "declip", "linear", "restore", "spline", "ss_pew"},
    "quantization": {"chambolle_pock", "clamp", "dequantize", "restore", "smooth"},
    "super_resolution": {"linear", "spline"},
}
SMALL = ["size.width=2", "size.n_fft=126", "size.hop_length=32", "size.steps=2"]
WINDOWS = ["method.window_seconds=0.2", "method.overlap_seconds=0.08", "method.fade_seconds=0.06"]
SMALLER = {
    "chambolle_pock": ["method.n_window=256", "method.hop_length=64", "method.n_fft=512", "method.iterations=10"],
    "dequantize": ["method.iterations=5"],
    "janssen": ["method.order=32", "method.iterations=2"],
    "janssen_tf": ["method.order=32", "method.iterations=2"],
    "phain": ["method.n_fft=256", "method.hop_length=64", "method.rounds=2", "method.iterations=10"],
    "a_spade": ["method.n_window=256", "method.hop_length=64", "method.n_fft=512"],
    "ar_acs": ["method.order=32", "method.n_window=256", "method.turns=2"],
    "declip": ["method.iterations=20", "method.slow_iterations=20"],
    "ss_pew": ["method.n_window=256", "method.hop_length=64", "method.n_fft=512", "method.iterations=2"],
    "dnp": ["method.warm_up=1"],
    "restore": [
        *WINDOWS,
        "method.parts.clipping.iterations=20",
        "method.parts.clipping.slow_iterations=20",
        "method.parts.quantization.iterations=5",
    ],
    "smooth": ["method.n_fft=256", "method.hop_length=64"],
    "windowed": WINDOWS,
}


@cache
def method(name: str) -> Method:
    """Small, and of the few that are fast."""
    made: Method = build(settings(f"method={name}", *SMALL, *SMALLER.get(name, []))["method"], "method")
    return made


@cache
def tasks(name: str) -> list[Task]:
    return [build(settings(f"task={name}", *overrides)["task"], "task") for overrides in TASKS[name]]


def assert_certain(name: str, task: Task, estimate: Tensor, observation: Tensor, finished: bool) -> None:
    """The estimate is the observation wherever that is known, and within what is known of it elsewhere."""
    if name == "inpainting":
        known = task.weight == 1 if finished else ~task.missing
        assert torch.equal(estimate[:, known], observation[:, known])
    elif name == "clipping":
        level = float(observation.max())
        inside, above, below = observation.abs() < level, observation >= level, observation <= -level
        assert torch.equal(estimate[inside], observation[inside])
        assert (estimate[above] >= level).all()
        assert (estimate[below] <= -level).all()
    elif name == "quantization":
        assert ((estimate.clamp(-1, 1) - observation).abs() <= 1 / task.n_levels).all()  # the outermost cells are open
    else:
        assert torch.equal(estimate[:, :: task.factor], observation[:, :: task.factor])


def test_every_task_is_here_or_tells_nothing():
    assert TASKS.keys() | NOTHING == set(options("task"))


@pytest.mark.parametrize("name", sorted(set(options("method")) - SEVERAL))
@pytest.mark.parametrize("task_name", TASKS)
def test_what_is_certain_comes_out_bit_for_bit(task_name, name):
    """Of super-resolution, what goes through the samples of the low rate; `finish` filters, and so rounds, all of them."""
    made_for = name in MADE_FOR[task_name]
    for seed, shape in enumerate(SHAPES[:1] if name in FREE else SHAPES):
        for task in tasks(task_name):
            generator = torch.Generator().manual_seed(seed)
            tone = 0.5 * torch.sin(torch.arange(shape[-1]) * 0.05)
            reference = (tone + 0.2 * torch.randn(shape, generator=generator)).clamp(-1, 1)
            here = task.at(RATE, shape[-1], generator)
            observation = here.degrade(reference, generator)
            try:
                *_, last = method(name).restore(Problem(observation, here, RATE, reference))
            except ValueError:
                assert not made_for
                return
            if name not in FREE and (made_for or task_name != "super_resolution"):
                assert_certain(task_name, here, last.estimate, observation, finished=False)
            if task_name != "super_resolution":
                assert_certain(task_name, here, here.finish(last.estimate, observation), observation, finished=True)
