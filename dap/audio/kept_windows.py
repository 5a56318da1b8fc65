"""Windows of a long file that are restored already, kept on the disk, so that who is stopped in the middle goes on there."""

from collections.abc import Callable
import hashlib
import io
import json
from pathlib import Path
import shutil
from typing import Any
import zipfile

import numpy as np
import torch
from torch import Tensor

from dap.system.files import write_whole

Process = Callable[[Tensor], Tensor]
"""From a window, or several of them together, to what becomes of it, of the same shape."""
Notes = list[dict[str, Any]]
"""What was found in each window, in JSON's types; a process adds one for each call, or none."""
Around = Callable[[Process, Notes], Process]
"""From what restores windows, and the list that it notes down in, to what does so and keeps both."""


class KeptWindows:
    """A folder of what became of each window, named by what went in: another sound or other settings find nothing there.

    Args:
        folder: it is made with the first window.
        settings: whatever else decides what becomes of a window.

    >>> import tempfile
    >>> kept = KeptWindows(Path(tempfile.mkdtemp(), "kept"), "twice as loud")
    >>> window = torch.ones(1, 4)
    >>> kept.around(lambda window: 2 * window, [])(window).tolist(), kept.found
    ([[2.0, 2.0, 2.0, 2.0]], 0)
    >>> kept.around(lambda window: window * float("nan"), [])(window).tolist(), kept.found   # it is not made again
    ([[2.0, 2.0, 2.0, 2.0]], 1)
    >>> kept.remove()
    """

    def __init__(self, folder: Path, settings: str) -> None:
        self.folder, self.settings, self.found = folder, settings, 0

    def around(self, process: Process, notes: Notes) -> Process:
        """The process, that is spared the windows which are there; what it noted of these is added to ``notes`` again."""

        def kept(window: Tensor) -> Tensor:
            digest = hashlib.sha256(self.settings.encode())
            digest.update(repr(tuple(window.shape)).encode())
            digest.update(window.detach().cpu().contiguous().numpy().tobytes())
            path = self.folder / f"{digest.hexdigest()[:32]}.npz"
            try:
                with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as content:
                    done, noted = torch.from_numpy(content["restored"]), json.loads(str(content["notes"]))
                if done.shape == window.shape:
                    self.found += 1
                    notes.extend(noted)
                    return done.to(window)
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                pass  # not there, or not whole
            n_before = len(notes)
            restored = process(window)
            made = io.BytesIO()
            np.savez(made, restored=restored.detach().cpu().numpy(), notes=json.dumps(notes[n_before:]))
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, made.getvalue())
            return restored

        return kept

    def remove(self) -> None:
        """Take the folder away, once all is done."""
        shutil.rmtree(self.folder, ignore_errors=True)
