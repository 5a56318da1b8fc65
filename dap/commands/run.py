"""dap-run: the command. It composes the configuration, runs it, and turns every mistake of a user into one line.

Exit codes: 0 done; 1 a run failed; 2 something asked for cannot be; 130 interrupted; 128 + N ended by signal N.
"""

from collections.abc import Iterator
import contextlib
import difflib
import io
import json
import os
from pathlib import Path
import shutil
import sys
import traceback
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from dap import __version__
from dap.commands.help import help_page
from dap.config.command_line import composed, register
from dap.config.compose import CONFIGS
from dap.config.hints import meant_by, options_with
from dap.config.hydra_internals import check_flags, install
from dap.config.multirun import RefusedSweepError, end_sweep, exit_code, exit_codes, trouble_of_launcher
from dap.system.files import locked, write_whole
from dap.system.printable import printable
from dap.system.threads import wait_briefly


def main() -> None:
    """Entry point of the console script."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises, instead of printing and exiting with 1
    wait_briefly()
    register()
    install()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file name may be no text
    try:
        arguments = sys.argv[1:] = _repeated(sys.argv[1:])
        if "--version" in arguments:
            print(f"dap {__version__}")
            sys.exit()
        for word in check_flags(arguments):
            if "=" not in word and not word.startswith("~"):
                raise ValueError(meant_by(word))
        if {"-h", "--help"} & set(arguments):
            print(help_page(CONFIGS, [argument for argument in arguments if not argument.startswith("-")]))
        else:
            hydra.main(version_base="1.3", config_path=str(CONFIGS), config_name="config")(_job)()
    except KeyboardInterrupt:
        _say("interrupted")
        end_sweep()  # what there is of it
        sys.exit(130)
    except BrokenPipeError:  # whoever read the output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except RefusedSweepError as error:
        _say(str(error))
        sys.exit(2)
    except Exception as error:
        trouble = trouble_of_launcher(error)
        if trouble is not None:
            _say(trouble)
            end_sweep()
            sys.exit(1)
        if not isinstance(error, HydraException | OmegaConfBaseException | OSError | ValueError):
            raise
        _say(_in_one_line(error))
        sys.exit(2)
    sys.exit(exit_code())


def _repeated(arguments: list[str]) -> list[str]:
    """The command line that ``resume=FOLDER`` stands for, followed by what is given beside it."""
    folders = [argument.removeprefix("resume=") for argument in arguments if argument.startswith("resume=")]
    if not folders:
        return arguments
    from dap.config.saved import repeat  # here, because torch takes longer to import than --help to answer

    before, cwd = repeat(Path(folders[-1]))
    if cwd.is_dir():
        os.chdir(cwd)  # what its paths are relative to
    return [*before, *(argument for argument in arguments if not argument.startswith("resume="))]


def _job(cfg: DictConfig) -> float | None:
    """One run of the command, or of a sweep; returns its objective, for a study.

    It reports failures by the exit code, so that a sweep goes on.
    """
    from dap.config.saved import keep_configuration  # here for the same reason
    from dap.results.objective import objective_of
    from dap.running.experiment import run, shown

    hydra_config = HydraConfig.get()
    runtime = hydra_config.runtime
    folder = Path(runtime.output_dir)
    try:
        with locked(folder), _refusal_kept(folder, hydra_config):
            keep_configuration(cfg, hydra_config, folder)
            outcome = run(cfg, folder, dict(runtime.choices), list(hydra_config.overrides.task))
        for failure in outcome.failures:
            _say(f"{failure.clip}: {failure.reason}")
        exit_codes.append(1 if outcome.failures else 0)
        return None if cfg.objective is None else objective_of(outcome.metrics, cfg.objective)
    except (ValueError, OmegaConfBaseException, OSError) as error:
        _say(_in_one_line(error))
        exit_codes.append(2)
    except (KeyboardInterrupt, SystemExit):
        if hydra_config.mode == RunMode.RUN:
            _say(f"stopped: dap-run resume={shown(folder)} goes on", kind="note")
        raise
    except Exception as error:  # a mistake of ours costs a sweep this run, not the others
        if hydra_config.mode == RunMode.RUN:
            raise
        traceback.print_exc()
        _say(_in_one_line(error))
        exit_codes.append(1)
    return None


@contextlib.contextmanager
def _refusal_kept(folder: Path, hydra_config: Any) -> Iterator[None]:
    """Of a run that cannot be begun: a sweep tells of every combination, one by itself leaves nothing behind."""
    try:
        yield
    except (ValueError, OmegaConfBaseException) as error:
        if hydra_config.mode == RunMode.RUN:
            _remove_unused(folder)
        elif not (folder / "run.json").exists():
            reason, overrides = _in_one_line(error), list(hydra_config.overrides.task)
            write_whole(folder / "run.json", json.dumps({"status": "refused", "reason": reason, "overrides": overrides}) + "\n")
        raise
    except OSError:
        if hydra_config.mode == RunMode.RUN:  # of a sweep the folder stays: a run that was begun and left no record
            _remove_unused(folder)
        raise


def _in_one_line(error: BaseException) -> str:
    """The message, without the lines that Hydra and OmegaConf add for programmers."""
    cause = error.__cause__ or error
    if isinstance(cause, ConfigAttributeError | ConfigKeyError):  # Hydra: "Could not override …"
        return f"{cause.full_key}: no such setting{_nearest(str(cause.full_key))}; see dap-run --help"
    if isinstance(cause, OmegaConfBaseException) and cause.full_key:
        return f"{cause.full_key}: {str(cause).splitlines()[0]}"
    return str(error).split("Config search path")[0]


def _nearest(key: str) -> str:
    """A hint at the setting that may have been meant."""
    others = options_with(key)
    if others:
        return f" of what is chosen: it is one of {', '.join(others)}"
    known = list(_keys(composed([])[0]))
    near = difflib.get_close_matches(key, known, n=1)
    return f", did you mean {near[0]}?" if near else ""


def _keys(node: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(node, DictConfig):
        for name in map(str, node):
            yield prefix + name
            if not OmegaConf.is_interpolation(node, name) and not OmegaConf.is_missing(node, name):
                yield from _keys(node[name], f"{prefix}{name}.")


def _say(message: str, kind: str = "error") -> None:
    print(f"dap-run: {kind}: {printable(' '.join(message.split()))}", file=sys.stderr, flush=True)


def _remove_unused(folder: Path) -> None:
    """Take away the folder that Hydra made for a run that never began."""
    if folder.is_dir() and {path.name for path in folder.iterdir()} <= {".hydra", ".lock"}:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
