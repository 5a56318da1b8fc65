"""dap-run --help: what can be chosen, and the chosen files with what they say about each setting."""

from collections.abc import Iterator
from pathlib import Path
import re

from dap.config.command_line import composed

_GROUPS = (
    "task",
    "data",
    "size",
    "model",
    "upsampler",
    "loss",
    "method",
    "stopping",
    "gan",
    "feature_loss",
    "collaborative",
    "tracker",
)
_SWEEPS = ("hydra/launcher", "hydra/sweeper")  # of Hydra's; it has one of each itself: basic

_WIRING = re.compile(r"_target_:|_partial_:|@package|: \$\{[a-z.]+\}$")  # and entries that only pass another one on

_HEAD = """dap-run: fit a randomly initialised network to one degraded sound; an early iterate is a restored version of it.

  dap-run                                                  the main job, on the clip that comes with dap
  dap-run data=file data.path=talk.flac                    on a clean file: noise is added, and taken away again
  dap-run data=file data.path=noisy.wav data.degraded=true       on a damaged file: just restore it
  dap-run data=folder data.path=clips data.seconds=3       on every file of a folder, with a summary.csv
  dap-run -m model=harmonic,dilated_unet seed=0,1,2        a sweep: every combination
  dap-run -m seed=0,1,2 hydra/launcher=joblib              the same in several processes; docs/cluster.md has more
  dap-run resume=FOLDER                                    a run or a sweep that was stopped goes on
  dap-run size=paper data.seconds=3 device=cuda            the sizes of the ICLR 2020 paper
"""

_TAIL = """Results: outputs/TASK/MODEL/DATE_TIME/ (a sweep's: outputs/sweeps/DATE_TIME/N/), or hydra.run.dir=FOLDER:
  report.html (listen and look), restored.wav, observation.wav, reference.wav, snapshots/, curves.csv,
  spectrograms.png, metrics.json, run.json; of a fit curves.png, and checkpoint.pt while it is not finished.

Then: dap-score A.wav B.wav (scores), dap-table FOLDER (tables of a sweep), dap-listen FOLDER (a blind listening test).

Exit code: 0 done, 1 a run failed, 2 something asked for cannot be, 128 + N ended by signal N (Ctrl-C: 130).
Completion of these names: eval "$(dap-run -sc install=bash)".   More: --cfg job (all settings), --hydra-help (sweeps).
"""


def help_page(configs: Path, overrides: list[str]) -> str:
    """The page for the options that ``overrides`` choose.

    Args:
        configs: folder of the config groups.
        overrides: as on the command line; an override that does not fit raises what Hydra raises.
    """
    _, choices = composed(overrides, configs)
    lines = [
        _HEAD,
        "Choose (group=option, * is chosen here; `dap-run GROUP=OPTION --help` shows another's settings):",
        "",
    ]
    for group in (*_GROUPS, "experiment", *_SWEEPS):
        options = sorted({path.stem for path in (configs / group).glob("*.yaml")} | ({"basic"} if group in _SWEEPS else set()))
        marked = [f"{option}*" if option == choices.get(group) else option for option in options]
        lines.append(f"  {group:16}{'  '.join(marked)}")
    lines += ["", "Set (setting=value):", "", *_settings(configs / "config.yaml", "", "hydra:")]
    for group in (*_GROUPS, *_SWEEPS):
        path = configs / group / f"{choices[group]}.yaml"
        if path.exists():  # basic is Hydra's
            lines += ["", f"{group}={choices[group]}", *_settings(path, group.replace("/", "."))]
    return "\n".join([*lines, "", _TAIL])


def _settings(path: Path, group: str, end: str = "") -> Iterator[str]:
    """The lines of a config file that a user needs: comments and settings, not the wiring, up to a line ``end``."""
    text = path.read_text()
    prefix = "" if not group or "@package _global_" in text else f"{group}."
    in_defaults = False
    for line in text.splitlines():
        if end and line.startswith(end):
            return
        in_defaults = line.startswith("defaults:") or (in_defaults and line.startswith((" ", "-")))
        is_title = not group and line.startswith("#")
        if line and not (in_defaults or is_title or _WIRING.search(line)):
            yield f"  {'' if line.startswith(('#', ' ')) else prefix}{line}"
