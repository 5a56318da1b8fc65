"""dap-run: the command. It composes the configuration, runs it, and turns every mistake of a user into one line.

Exit codes: 0 done; 1 a run failed; 2 something asked for cannot be; 130 interrupted.
"""

from collections import Counter
from collections.abc import Iterator
import difflib
import io
import json
import os
from pathlib import Path
import shutil
import sys
from typing import Any

import hydra
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from dap.guard import check_flags, install
from dap.help import help_page
from dap.printable import printable
from dap.schema import Config, system_name

_PACKAGE = Path(__file__).resolve().parent
CONFIGS = next((path for path in (_PACKAGE / "configs", _PACKAGE.parent / "configs") if path.is_dir()), _PACKAGE)
_exit_codes: list[int] = []


def main() -> None:
    """Entry point of the console script."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises, instead of printing and exiting with 1
    ConfigStore.instance().store(name="schema", node=Config)
    OmegaConf.register_new_resolver(
        "system", lambda _root_: system_name(_root_.method, _root_.hydra.runtime.choices), replace=True
    )
    install()
    arguments = sys.argv[1:]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file name may be no text
    try:
        check_flags(arguments)
        if {"-h", "--help"} & set(arguments):
            print(help_page(CONFIGS, [argument for argument in arguments if not argument.startswith("-")]))
        else:
            hydra.main(version_base="1.3", config_path=str(CONFIGS), config_name="config")(_job)()
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(130)
    except BrokenPipeError:  # whoever read the output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (HydraException, OmegaConfBaseException, OSError, ValueError) as error:
        _say(_in_one_line(error))
        sys.exit(2)
    sys.exit(max(_exit_codes, default=0))


def _job(cfg: DictConfig) -> None:
    """One run of the command, or of a sweep. It reports failures by the exit code, so that a sweep goes on."""
    from dap.run import run  # here, because torch takes longer to import than --help to answer

    hydra_config = HydraConfig.get()
    runtime = hydra_config.runtime
    folder = Path(runtime.output_dir)
    try:
        failures = run(cfg, folder, dict(runtime.choices), list(hydra_config.overrides.task))
        for failure in failures:
            _say(f"{failure.clip}: {failure.reason}")
        _exit_codes.append(1 if failures else 0)
    except (ValueError, OmegaConfBaseException, OSError) as error:
        reason = _in_one_line(error)
        _say(reason)
        if hydra_config.mode == RunMode.MULTIRUN and folder.is_dir():  # a sweep tells of every combination
            _write_refusal(folder, reason, list(hydra_config.overrides.task))
        else:
            _remove_unused(folder)
        _exit_codes.append(2)


class SweepSummary(Callback):
    """Hydra's callback at the end of a sweep: summary.csv and summary.html in its folder."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        from dap.record.sweep import write_sweep  # here for the same reason

        folder = Path(config.hydra.sweep.dir)
        if not folder.is_dir():
            return
        statuses = Counter(row["status"] for row in write_sweep(folder))
        print(f"sweep: {', '.join(f'{count} {status}' for status, count in statuses.items())}")
        print(f"summary: {folder / 'summary.html'}", flush=True)


def _write_refusal(folder: Path, reason: str, overrides: list[str]) -> None:
    from dap.files import write_whole

    facts = {"status": "refused", "reason": reason, "overrides": overrides}
    write_whole(folder / "run.json", json.dumps(facts, indent=2) + "\n")


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
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        known = list(_keys(compose("config")))
    near = difflib.get_close_matches(key, known, n=1)
    return f", did you mean {near[0]}?" if near else ""


def _keys(node: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(node, DictConfig):
        for name in map(str, node):
            yield prefix + name
            if not OmegaConf.is_interpolation(node, name) and not OmegaConf.is_missing(node, name):
                yield from _keys(node[name], f"{prefix}{name}.")


def _say(message: str) -> None:
    print(f"dap-run: error: {printable(' '.join(message.split()))}", file=sys.stderr, flush=True)


def _remove_unused(folder: Path) -> None:
    """Take away the folder that Hydra made for a run that never began."""
    if folder.is_dir() and {path.name for path in folder.iterdir()} <= {".hydra"}:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
