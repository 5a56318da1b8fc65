"""dap as a wheel: the configurations travel with it, and it runs from any folder."""

from pathlib import Path
import shutil
import subprocess
import sys
import sysconfig

import pytest

from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """A new virtual environment with the wheel in it; dap's dependencies, but not dap, are borrowed from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    kept = shutil.ignore_patterns(".*", "outputs", "build", "dist", "*.egg-info", "__pycache__", "tests")
    shutil.copytree(REPOSITORY, source, ignore=kept)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(source)], check=True)
    (wheel,) = folder.glob("dap-*.whl")
    shutil.rmtree(source)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    python = str(folder / "env" / "bin" / "python")
    subprocess.run([*pip, "--python", python, "install", "--no-deps", str(wheel)], check=True)
    (site,) = (folder / "env").glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "env"


@pytest.mark.slow
def test_the_wheel_runs_from_another_folder(environment, tmp_path):
    program = str(environment / "bin" / "dap-run")
    where = [str(environment / "bin" / "python"), "-c", "import dap; print(dap.__file__)"]
    assert str(environment) in subprocess.run(where, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    page = subprocess.run([program, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert page.returncode == 0, page.stderr
    assert "harmonic*" in page.stdout
    small = ["steps=2", "size.width=2", "hydra.run.dir=out", "device=cpu"]
    done = subprocess.run([program, *small], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.html").exists()
    program = str(environment / "bin" / "dap-table")
    done = subprocess.run(
        [program, "out", "--paper", "table1_speech"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "7.12" in done.stdout, "the paper's figures travel with the wheel"
