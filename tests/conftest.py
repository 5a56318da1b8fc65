"""What many tests need: one thread, real recordings, the installed command."""

import os
from pathlib import Path
import subprocess
import sys

import pytest
import torch

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads on two busy cores can be several times slower than one
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

REPOSITORY = Path(__file__).resolve().parents[1]


def installed_dap_run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder, as a user does; tests.processes.dap_run is quicker."""
    command = [str(Path(sys.executable).with_name("dap-run")), *arguments]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="session")
def test_audio() -> Path:
    """Folder of real recordings, see ../shared/audio/README.md; DAP_TEST_AUDIO names another."""
    folder = Path(os.environ.get("DAP_TEST_AUDIO", REPOSITORY / ".." / "shared" / "audio"))
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}: set DAP_TEST_AUDIO")
    return folder


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
