"""A new variant is a new file and a new yaml, and nothing else."""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

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
    command = [
        sys.executable,
        "-m",
        "dap.commands.run",
        option,
        "steps=2",
        "size.width=2",
        "data.seconds=0.5",
        "hydra.run.dir=out",
    ]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.html").exists()
    page = subprocess.run(
        [*command[:3], option, "--help"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert f"{option.split('=')[1]}*" in page.stdout
