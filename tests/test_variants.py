"""A new variant is a new file and a new yaml, and nothing else."""

import json
import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY
from tests.processes import dap_run

MODEL = """
from torch import Tensor, nn


class Bias(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, size: tuple[int, ...], gain: float = 1.0) -> None:
        super().__init__()
        self.gain, self.convolution = gain, nn.Conv1d(in_channels, out_channels, 3, padding=1)

    def forward(self, latent: Tensor) -> Tensor:
        return self.gain * self.convolution(latent)
"""
MODEL_YAML = """# @package _global_
model:
  _target_: dap.models.bias.Bias
  _partial_: true
  gain: 2.0  # of the output
latent:
  _target_: dap.models.latents.latent.Latent
  channels: 3  # maps
representation:
  _target_: dap.dsp.representation.Waveform
optimizer:
  _target_: torch.optim.SGD
  _partial_: true
  lr: ${lr}
"""
UPSAMPLER = """
from torch import Tensor, nn


class Repeat(nn.Module):
    def __init__(self, channels: int, factor: tuple[int, ...]) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        for axis, factor in enumerate(self.factor):
            x = x.repeat_interleave(factor, dim=2 + axis)
        return x
"""
UPSAMPLER_YAML = "_target_: dap.layers.upsample.repeat.Repeat\n_partial_: true\n"


COMMAND = [sys.executable, "-m", "dap.commands.run"]
SHORT = ["steps=2", "size.width=2", "data.seconds=0.5", "hydra.run.dir=out"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "files"),
    [
        ("model=bias", {"dap/models/bias.py": MODEL, "configs/model/bias.yaml": MODEL_YAML}),
        ("upsampler=repeat", {"dap/layers/upsample/repeat.py": UPSAMPLER, "configs/upsampler/repeat.yaml": UPSAMPLER_YAML}),
    ],
)
def test_a_file_and_a_yaml_are_enough(tmp_path: Path, option: str, files: dict[str, str]):
    for folder in ("dap", "configs"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path, content in files.items():
        assert not (tmp_path / path).exists()
        (tmp_path / path).write_text(content)
    command = [*COMMAND, option, *SHORT]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.html").exists()
    page = subprocess.run(
        [*command[:3], option, "--help"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert f"{option.split('=')[1]}*" in page.stdout


TASK = """
from torch import Generator, Tensor

from dap.tasks.task import Task


class Quieter(Task):
    def __init__(self, gain: float = 0.5) -> None:
        super().__init__()
        self.gain = gain

    def degrade(self, reference: Tensor, generator: Generator) -> Tensor:
        return self.observe(reference)

    def observe(self, estimate: Tensor) -> Tensor:
        return self.gain * estimate

    def finish(self, estimate: Tensor, observation: Tensor) -> Tensor:
        return estimate
"""
METHOD = """
from torch import Tensor

from dap.methods.iterate import Facts
from dap.methods.one_shot import OneShot
from dap.methods.problem import Problem


class Louder(OneShot):
    def __init__(self, gain: float = 2.0) -> None:
        super().__init__()
        self.gain = gain

    def solve(self, problem: Problem) -> tuple[Tensor, Facts]:
        return self.gain * problem.observation, {}
"""
OUTSIDE = {
    "mypackage/__init__.py": "",
    "mypackage/bias.py": MODEL,
    "mypackage/task.py": TASK,
    "mypackage/method.py": METHOD,
    "conf/model/bias.yaml": MODEL_YAML.replace("dap.models.bias", "mypackage.bias"),
    "conf/task/quieter.yaml": "_target_: mypackage.task.Quieter\ngain: 0.5\n",
    "conf/method/louder.yaml": "_target_: mypackage.method.Louder\ngain: 2.0\n",
    "conf/experiment/sly.yaml": "# @package _global_\ntrust: [mypackage]\n",
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with a package that is not dap's, and its configs."""
    for name, content in OUTSIDE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def import_from_here() -> None:
    """As PYTHONPATH=. does."""
    sys.path.insert(0, str(Path.cwd()))


def run_outside(folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    return dap_run("--config-dir=conf", *SHORT, *overrides, folder=folder, before=import_from_here)


@pytest.mark.slow
def test_parts_of_a_package_of_ones_own_run_where_it_is_trusted(outside):
    for overrides in (["model=bias"], ["task=quieter", "method=louder"]):
        done = run_outside(outside, *overrides, "trust=[mypackage]", "restart=true")
        assert done.returncode == 0, done.stderr
    restored = json.loads((outside / "out" / "metrics.json").read_text())["restored"]
    assert restored["snr"] > 100  # half as loud, and twice again


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model=bias"], "trust permits a package of yours"),
        (
            ["task=quieter"],
            "task._target_: expected a class or function inside dap. or torch.optim., got 'mypackage.task.Quieter'",
        ),
        (["model=bias", "trust=[mypack]"], "got 'mypackage.bias.Bias'"),
        (["model=bias", "experiment=sly"], "trust: mypackage can be trusted on the command line alone: trust=[mypackage]"),
        (["trust=['../x']"], "trust: expected names of packages, got '../x'"),
        (
            ["task=quieter", "task._target_=mypackage.method.Louder", "trust=[mypackage]"],
            "task: expected a dap.tasks.task.Task",
        ),
        (
            ["model=bias", "model._target_=mypackage.bias.nn.Module", "trust=[mypackage]"],
            "there is no 'mypackage.bias.nn.Module'",
        ),
    ],
)
def test_and_are_refused_where_not(overrides, message, outside):
    done = run_outside(outside, *overrides)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (outside / "out").exists()
