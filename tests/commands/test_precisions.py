"""Every model in every precision that this machine computes in: no crash, and a gradient near float32's."""

import itertools
import subprocess
import sys

import pytest

from dap.config.compose import CONFIGS
from dap.layers import precision
from dap.running.benchmark import FAR, SOUND, compare_precision
from tests.conftest import REPOSITORY
from tests.options import options
from tests.processes import dap_run

# Where the CPU has AMX, the kernels for one without are tried too (at the paper's sizes: scripts/precisions).
CASES = [*itertools.product(options("model"), ["quick", "paper"], [""])]
if precision._cpu_has_amx():
    CASES += itertools.product(options("model"), ["quick"], ["AVX512_CORE_BF16"])
if not precision.multiplies_bfloat16("cpu"):
    CASES = [pytest.param(*CASES[0], marks=pytest.mark.skip(reason="this CPU does not multiply bfloat16"))]


@pytest.mark.slow
@pytest.mark.parametrize(("model", "size", "limit"), CASES)
def test_a_model_in_bfloat16_is_near_float32(model, size, limit, monkeypatch):
    if limit:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    here = ["precision=bfloat16", "device=cpu", "threads=1"]
    cost = compare_precision(CONFIGS, [f"model={model}", f"size={size}", *here, *SOUND])
    assert 0 < cost.distance < FAR


def test_the_command_does_it_where_the_cpu_does(tmp_path):
    small = ["size.width=2", "size.n_fft=126", "size.hop_length=32", "steps=2", "device=cpu"]
    done = dap_run("model=dilated_unet", "precision=bfloat16", *small, folder=tmp_path)
    assert done.returncode == (0 if precision.multiplies_bfloat16("cpu") else 2), done.stderr


@pytest.mark.slow
def test_the_command_refuses_what_the_cpu_has_not(tmp_path, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    command = [sys.executable, "-m", "dap.commands.run", "precision=bfloat16", "device=cpu", "hydra.run.dir=out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("dap-run: error: precision: bfloat16 needs")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_script(tmp_path):
    command = [
        sys.executable,
        str(REPOSITORY / "scripts" / "precisions"),
        "--models",
        "dcgan",
        "--sizes",
        "quick",
        "--device",
        "cpu",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    told = [line for line in done.stdout.splitlines() if "dcgan" in line]
    assert len(told) == 2
    assert "0.0000" in told[0]  # tf32 changes nothing on a CPU
