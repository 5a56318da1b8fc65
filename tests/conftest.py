"""What many tests need: one thread, sounds, the installed command."""

import os
from pathlib import Path
import subprocess
import sys

import filelock
import pytest
import torch

from dap.system.threads import available_cores
from tests.made_sounds.folder import make_folder

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads on two busy cores can be several times slower than one
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: commands, servers and clusters are waited for."""
    return available_cores() + 1


def installed_dap_run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder, as a user does; tests.processes.dap_run is quicker."""
    command = [str(Path(sys.executable).with_name("dap-run")), *arguments]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="session")
def made_audio(tmp_path_factory) -> Path:
    """Folder of made stand-ins for the recordings, made once for all workers of a session."""
    temporary = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        temporary = temporary.parent  # which all workers share
    folder = temporary / "made_sounds"
    with filelock.FileLock(temporary / "made_sounds.lock", timeout=120):
        if not folder.is_dir():
            make_folder(temporary / "made_sounds.part")
            (temporary / "made_sounds.part").rename(folder)
    return folder


@pytest.fixture(scope="session")
def test_audio(request) -> Path:
    """Folder of recordings, see ../shared/audio/README.md; where there is none, or DAP_TEST_AUDIO=made, the made stand-ins.

    DAP_TEST_AUDIO may name another folder of recordings.
    """
    chosen = os.environ.get("DAP_TEST_AUDIO", "")
    folder = Path(chosen or REPOSITORY / ".." / "shared" / "audio")
    if chosen == "made" or not (chosen or folder.is_dir()):
        return request.getfixturevalue("made_audio")
    if not folder.is_dir():
        pytest.fail(f"DAP_TEST_AUDIO must be a folder of recordings or 'made', got {chosen!r}")
    return folder


@pytest.fixture(scope="session")
def golden_audio(test_audio) -> Path:
    """Hu & Loizou's sentences, for which scores were published: the one sound that no stand-in can be made for."""
    folder = test_audio / "metrics_golden"
    if not folder.is_dir():
        pytest.skip(
            "published scores need the recordings they were published for: metrics_golden, beside DAP_TEST_AUDIO's others"
        )
    return folder


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same random numbers in a test whichever others ran before it."""
    torch.manual_seed(0)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
