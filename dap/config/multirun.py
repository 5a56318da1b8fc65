"""What a sweep needs around its runs: a check before the first one; tables and an exit code after the last.

Hydra's launchers start the runs, in this process or in others, here or on a cluster. What became of them is read from their
folders, which are the same with every launcher.
"""

from collections import Counter
from collections.abc import Iterable
import logging
import math
import os
from pathlib import Path
import shutil
import sys
import traceback
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
import yaml

from dap.config.build import build
from dap.record.neutral import is_neutral
from dap.system.threads import available_cores

# What starts runs elsewhere: their errors are about the sweep, not mistakes in dap.
_ENGINES = ("submitit", "joblib", "ray", "optuna")
_STUDY = ".OptunaSweeper"  # which makes its runs as their objective says

exit_codes: list[int] = []  # of the runs in this process, and of a sweep's folder
_folders: list[Path] = []  # of the sweep that was begun


class RefusedSweepError(BaseException):
    """A sweep that cannot begin; its text is the reason. No Exception, because Hydra makes warnings of those in callbacks."""


class SweepSummary(Callback):
    """Hydra's callback around a sweep: what it needs, and summary.csv and summary.html in its folder."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Refuse what cannot be, before anything is written."""
        try:
            for part in ("launcher", "sweeper"):
                check_plugin(config, part)
            check_objective(config)
            check_origin(config)
            folder = Path(config.hydra.sweep.dir)
            check_grid(config, folder)
            share_cores(config)
            if not str(config.hydra.sweeper._target_).startswith("hydra._internal."):  # Hydra's own sweeper does so itself
                folder.mkdir(parents=True, exist_ok=True)
                OmegaConf.save(config, folder / "multirun.yaml")
        except (OSError, OmegaConfBaseException) as error:
            raise RefusedSweepError(str(error).splitlines()[0]) from error
        _folders.append(folder)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Let go of the run's configuration, which Hydra keeps to the end of the sweep: half a megabyte a run."""
        job_return.cfg = job_return.hydra_cfg = None

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Write the tables; of an error Hydra would make a warning."""
        try:
            end_sweep()
        except (OSError, ValueError) as error:
            exit_codes.append(1)
            print(f"dap-run: error: no summary of the sweep: {error}", file=sys.stderr, flush=True)


def prefer_configs(configs: Path) -> None:
    """Take plugins' own configs away where ``configs`` has one of the same name: Hydra would warn of the two, or give up."""
    Plugins.instance()  # loads the plugins, and with them their configs
    for path in (configs / "hydra").rglob("*.yaml"):
        place: Any = ConfigStore.instance().repo
        for group in path.parent.relative_to(configs).parts:
            place = place.get(group, {})
        place.pop(path.name, None)


def check_plugin(config: DictConfig, part: str) -> None:
    """Find out whether the plugin for a part of Hydra, "launcher" or "sweeper", is there.

    Raises:
        RefusedSweepError: it is not, or the programs that it starts are not.
    """
    target = str(config.hydra[part]._target_)
    choice = f"hydra/{part}={config.hydra.runtime.choices[f'hydra/{part}']}"
    if target.startswith("hydra_plugins.") and target not in Plugins.instance().class_name_to_class:
        package = target.split(".")[1]  # hydra_joblib_launcher: the middle is the name of our extra
        raise RefusedSweepError(f"{choice} needs {package.replace('_', '-')}: pip install 'dap[{package.split('_')[1]}]'")
    if target.endswith(".SlurmLauncher") and shutil.which("srun") is None:
        raise RefusedSweepError(f"{choice} needs SLURM: no srun here; hydra/launcher=submitit_local does without it")
    if target.endswith(".RayLauncher"):
        check_ray(config.hydra.launcher.ray)


def check_ray(config: DictConfig) -> None:
    """Find out whether a Ray that is started here has the cores and GPUs that a run asks for: it would wait for them for ever.

    Raises:
        RefusedSweepError: it has not.

    >>> check_ray(OmegaConf.create({"init": {"address": None, "num_cpus": 2}, "remote": {"num_cpus": 2, "num_gpus": 0}}))
    """
    if config.init.get("address") is not None:
        return  # a cluster may grow
    here = {"num_cpus": os.cpu_count() or 1, "num_gpus": math.inf if shutil.which("nvidia-smi") else 0}
    for name, found in here.items():
        given, asked = config.init.get(name), config.remote.get(name) or 0
        there = found if given is None else given
        if asked > there:
            raise RefusedSweepError(
                f"hydra.launcher.ray.remote.{name}: a run asks for {asked}, Ray has {there} here, and would wait for ever"
            )


def share_cores(config: DictConfig) -> None:
    """Divide this machine's cores among the runs that submitit_local starts together, as the other launchers do themselves.

    By OMP_NUM_THREADS, where it is not set: ``threads`` still decides.
    """
    if str(config.hydra.launcher._target_).endswith(".LocalLauncher"):
        sweeper = config.hydra.sweeper
        at_once = sweeper.get("max_batch_size") or sweeper.get("n_jobs") or available_cores()  # without a bound: all
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, available_cores() // at_once)))


def check_objective(config: DictConfig) -> None:
    """Find out whether a study knows what it searches for.

    Raises:
        RefusedSweepError: it does not.
    """
    if str(config.hydra.sweeper._target_).endswith(_STUDY):
        logging.getLogger("alembic").setLevel(logging.WARNING)  # a library of Optuna's, which tells of itself at length
        if config.objective is None:
            raise RefusedSweepError("a study needs an objective: objective=residual_flatness, or si_sdr by the reference")


def check_origin(config: DictConfig) -> None:
    """Find out whether a benchmark's folder is there: one line, not one for each run.

    Raises:
        RefusedSweepError: it is not; the line says what to fetch from where.
    """
    given = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
    swept = any(item.key_or_group == "data.path" and item.is_sweep_override() for item in given)
    if swept or config.data.get("origin") is None:
        return
    try:
        build(OmegaConf.to_container(config.data, resolve=True), "data", config.trust)
    except ValueError as error:
        raise RefusedSweepError(str(error)) from error


def check_grid(config: DictConfig, folder: Path) -> None:
    """Let a sweep into a new folder, or into one that holds the same sweep, to go on with it.

    Raises:
        RefusedSweepError: the folder holds a sweep of another grid, whose runs have the same numbers.
    """
    path = folder / "multirun.yaml"
    if not path.exists() or not any(child.is_dir() for child in folder.iterdir()):
        return
    try:
        before, now = _grid(OmegaConf.load(path)), _grid(config)
    except (OSError, yaml.YAMLError, AttributeError) as error:
        raise RefusedSweepError(f"{path}: cannot be read: {error}; take another hydra.sweep.dir") from error
    if before != now:
        there = " ".join(item for item in before if item not in now)
        here = " ".join(item for item in now if item not in before)
        differs = f"it has {there or 'none'}, you gave {here or 'none'}" if there or here else "in another order"
        raise RefusedSweepError(f"{folder} holds a sweep of another grid: {differs}; take another hydra.sweep.dir")


def end_sweep() -> None:
    """Write the tables of the sweep that was begun, if one was; say where they are; note its exit code."""
    from dap.results.sweep import write_sweep  # here, because torch takes longer to import than --help to answer

    if not _folders or not _folders[-1].is_dir():
        return
    folder = _folders.pop()
    statuses = [str(row["status"]) for row in write_sweep(folder)]
    exit_codes.append(code_of([*statuses, *_unrecorded(folder)]))
    print(f"sweep: {', '.join(f'{count} {status}' for status, count in Counter(statuses).items()) or 'no run'}")
    print(f"summary: {folder / 'summary.html'}", flush=True)


def code_of(statuses: Iterable[str]) -> int:
    """The exit code of a sweep: 0 all finished, 2 some were refused and the others finished, 1 anything else.

    >>> code_of(["finished", "finished"]), code_of(["finished", "refused"]), code_of(["refused", "running"]), code_of([])
    (0, 2, 1, 1)
    """
    kinds = set(statuses)
    return 0 if kinds == {"finished"} else 2 if "refused" in kinds and kinds <= {"finished", "refused"} else 1


def exit_code() -> int:
    """The command's exit code, from all that was noted."""
    return 1 if 1 in exit_codes else max(exit_codes, default=0)


def trouble_of_launcher(error: Exception) -> str | None:
    """One line on a sweep that ended because of whatever starts its runs; None for any other error."""
    frames = [str(frame.f_globals.get("__name__", "")) for frame, _ in traceback.walk_tb(error.__traceback__)]
    homes = (type(error).__module__.split(".")[0], frames[-1].split(".")[0] if frames else "")
    if not _folders or not set(homes) & set(_ENGINES) or "dap.running.experiment" in frames:
        return None
    reason = " ".join(str(error).split("\n")[:2]).strip()  # the rest are logs
    if "optuna" in homes:
        return f"the study has no result: {reason}"
    return (
        f"the sweep was cut short: {type(error).__name__}: {reason.rstrip('.')}; "
        f"the same command with hydra.sweep.dir={_folders[-1]} goes on where it stopped, once no run of it is left running"
    )


def _grid(config: Any) -> list[str]:
    """What numbers the runs of a sweep, in order, and then what they have in common that changes their results."""
    params = config.hydra.sweeper.get("params") or {}
    study = [f"objective={config.objective}"] if str(config.hydra.sweeper.get("_target_")).endswith(_STUDY) else []
    parsed = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
    swept = [item.input_line or "" for item in parsed if item.is_sweep_override()]
    plain = [item for item in parsed if not item.is_sweep_override() and not is_neutral(item.key_or_group)]
    common = sorted(item.input_line or "" for item in plain)
    return [*study, *(f"{key}={value}" for key, value in params.items()), *swept, *common]


def _unrecorded(folder: Path) -> list[str]:
    """Runs that were begun and left no record."""
    begun = (path.parent for path in folder.rglob(".hydra"))
    return ["lost" for run in begun if not any(run.rglob("run.json"))]
