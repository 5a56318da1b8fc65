"""A sweep that dap-listen makes a page of, and the command run in this process."""

from pathlib import Path
import sys

from dap.commands.listen import main
from tests.runs import write_run, write_sounds

LEVELS = {"spectrogram_unet": 0.1, "dilated_unet": 0.2, "harmonic": 0.4}


def page(monkeypatch, capsys, *arguments: object) -> str:
    monkeypatch.setattr(sys, "argv", ["dap-listen", *map(str, arguments)])
    main()
    return capsys.readouterr().out


def write_sweep(sweep: Path) -> Path:
    """Three systems, four clips; the sound of each restoration tells which system it is by its level."""
    for model, level in LEVELS.items():
        for clip in "abcd":
            folder = sweep / f"{model}_{clip}"
            write_run(folder, model, clip, {"si_sdr": level})
            write_sounds(folder, level)
    return sweep
