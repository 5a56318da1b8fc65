"""What an earlier process left in a run's folder."""

from collections.abc import Iterable
from pathlib import Path

from dap.record.checkpoint import NAME
from dap.record.json_file import read_object
from dap.record.metrics import Metrics

_RESULTS = ("metrics.json", "curves.csv", "report.html")  # of a run that is finished
_ALL = (*_RESULTS, NAME, "run.json", "observation.wav", "curves.png", "spectrograms.png")
_SOUNDS = ("restored.wav", "restored_[1-9].wav", "reference.wav", "reference_[1-9].wav", "snapshots/step_*.wav")


def finished_metrics(folder: Path, identity: str) -> Metrics | None:
    """The scores of the run that was finished here; None where there is none yet.

    Args:
        identity: of the run that is to be here, see `dap.record.identity`.

    Raises:
        ValueError: the folder holds another run, finished or not.
    """
    whole = is_finished(folder, identity, _RESULTS)
    whole = whole and ((folder / "restored.wav").exists() or (folder / "restored_1.wav").exists())
    return read_object(folder / "metrics.json") if whole else None


def is_finished(folder: Path, identity: str, results: Iterable[str]) -> bool:
    """Whether the run or training of this identity was finished here, and these files of it are there.

    Raises:
        ValueError: the folder holds another run, finished or not.
    """
    if not (folder / "run.json").exists():
        return False
    facts = read_object(folder / "run.json")
    if facts.get("status") == "refused" or (facts.get("status") == "failed" and "identity" not in facts):
        return False  # it never began
    if facts.get("identity") != identity:
        raise ValueError(
            f"{folder}: holds another run, whose settings or input differ: take another folder, "
            "or restart=true begins anew here"
        )
    return facts["status"] == "finished" and all((folder / name).exists() for name in results)


def clear_run(folder: Path) -> None:
    """Take away what a run wrote; nothing else that is in the folder."""
    for path in [*(folder / name for name in _ALL), *(path for pattern in _SOUNDS for path in folder.glob(pattern))]:
        path.unlink(missing_ok=True)
