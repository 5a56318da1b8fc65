"""What a configuration may make Hydra do: checked when Hydra has composed it, before anything is made of it.

dap makes its own parts with `dap.config.build.build`, which checks them. Hydra makes more, from its own node: callbacks, the
launcher and the sweeper by ``_target_``; loggers by logging.config.dictConfig, whose "()", "class" and "ext://" run
anything; and it sets environment variables. All of these can be set by a file that somebody else wrote.
"""

from collections.abc import Sequence
import inspect
import re
from typing import Any

from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from dap.config.build import find_target, is_trust

# Of the launchers and sweepers Hydra itself takes only classes that are plugins; what their settings hold is Hydra's to make.
_PLUGIN = re.compile(r"(hydra\._internal\.core_plugins|hydra_plugins)(\.\w+)+")
_SAMPLER = re.compile(r"optuna\.samplers\.\w+")
_LOG_CLASSES = ("logging.StreamHandler", "logging.FileHandler", "logging.NullHandler", "logging.Formatter")
_LOG_FACTORIES = ("colorlog.ColoredFormatter",)
_LOG_STREAMS = ("ext://sys.stdout", "ext://sys.stderr")
_LOG_FILES = ("${hydra.runtime.output_dir}/${hydra.job.name}.log", "hydra-${hydra.job.name}.log")  # Hydra's own
_ENVIRONMENT = re.compile(r"(OMP|MKL|OPENBLAS|NUMEXPR)_NUM_THREADS|CUDA_VISIBLE_DEVICES|PYTORCH_(CUDA_)?ALLOC_CONF")


def check(cfg: DictConfig) -> None:
    """Refuse a composed configuration that would have Hydra run anything but dap's callbacks and installed plugins.

    Args:
        cfg: with Hydra's node.

    Raises:
        HydraException: one line that names the key, what was expected and what was found.

    >>> check(OmegaConf.create({"hydra": {"callbacks": {"x": {"_target_": "os.system", "command": "ls"}}}}))
    Traceback (most recent call last):
    hydra.errors.HydraException: hydra.callbacks.x._target_: expected a callback inside dap., got 'os.system'
    """
    plain: Any = OmegaConf.to_container(cfg.hydra, resolve=False)
    _check_made(cfg.hydra, {part: plain.get(part) for part in ("callbacks", "launcher", "sweeper")}, "hydra")
    sweeper = plain.get("sweeper") or {}
    if sweeper.get("custom_search_space") is not None:  # of Optuna's: the name of a function that it calls
        raise _refusal("hydra.sweeper.custom_search_space", "null", sweeper["custom_search_space"])
    for part in ("params", "search_space"):  # which become overrides, as if the command line had said them
        for name in sweeper.get(part) or {}:
            if is_trust(f"{name}="):
                raise _refusal(
                    f"hydra.sweeper.{part}.{name}", "packages trusted by the command line itself", sweeper[part][name]
                )
    storage = sweeper.get("storage")
    if storage is not None and not str(storage).startswith("sqlite:///"):  # what Redis holds are pickles
        raise _refusal("hydra.sweeper.storage", "null or sqlite:///FILE", storage)
    for part in ("hydra_logging", "job_logging"):
        _check_logging(plain.get(part), f"hydra.{part}")
    job = plain.get("job") or {}
    names = job.get("env_set") or {}
    for name in names if isinstance(names, dict) else [names]:
        if not _ENVIRONMENT.fullmatch(str(name)) and name not in (job.get("env_copy") or []):  # which takes them as they are
            raise _refusal(f"hydra.job.env_set.{name}", "numbers of threads or CUDA_VISIBLE_DEVICES alone", name)


def check_overrides(cfg: DictConfig, given: Sequence[str]) -> None:
    """Refuse overrides that a file puts beside those that were given; HydraException."""
    for override in [*cfg.hydra.overrides.task, *cfg.hydra.overrides.hydra]:
        if override not in given:
            raise _refusal("hydra.overrides", "those of the command line alone", override)


def _check_made(node: Any, plain: Any, key: str) -> None:
    """What Hydra's instantiate would find: targets that it may have, and no settings that an interpolation brings in.

    Args:
        node: of the configuration, for what an interpolation gives.
        plain: the same as dicts and lists, interpolations as they are written.
    """
    for name, value in plain.items() if isinstance(plain, dict) else enumerate(plain):
        inner = f"{key}.{name}"
        if name == "_target_":
            _check_target(value, inner)
        elif isinstance(value, dict | list):
            _check_made(node[name], value, inner)
        elif isinstance(value, str) and value.startswith("${"):
            try:
                found = node[name]
            except OmegaConfBaseException as error:
                raise _refusal(inner, "an interpolation that has a value", value) from error
            if not isinstance(found, str | int | float | None):  # oc.create and oc.decode make whole nodes
                raise _refusal(inner, "its settings written out", value)


def _check_target(path: Any, key: str) -> None:
    if key in ("hydra.launcher._target_", "hydra.sweeper._target_"):
        if not isinstance(path, str) or not _PLUGIN.fullmatch(path):
            raise _refusal(key, "a plugin inside hydra_plugins.", path)
    elif key == "hydra.sweeper.sampler._target_":
        if not isinstance(path, str) or not _SAMPLER.fullmatch(path):
            raise _refusal(key, "a sampler inside optuna.samplers.", path)
    elif re.fullmatch(r"hydra\.callbacks\.[^.]+\._target_", key) is None:
        raise _refusal(key, "no target here", path)
    else:
        try:
            target = find_target(path, key.removesuffix("._target_"))
        except ValueError:
            target = None
        if not (inspect.isclass(target) and issubclass(target, Callback)):
            raise _refusal(key, "a callback inside dap.", path)


def _check_logging(plain: Any, key: str) -> None:
    """What logging.config.dictConfig would find: the classes of logging that write to the terminal or to Hydra's log."""
    if isinstance(plain, dict | list):
        for name, value in plain.items() if isinstance(plain, dict) else enumerate(plain):
            inner = f"{key}.{name}"
            allowed = {"class": _LOG_CLASSES, "()": _LOG_FACTORIES, "filename": _LOG_FILES, ".": ()}.get(str(name))
            if allowed is None:
                _check_logging(value, inner)
            elif value not in allowed:
                raise _refusal(inner, f"one of {', '.join(allowed)}" if allowed else "no such setting", value)
    elif isinstance(plain, str) and ("${" in plain or "://" in plain) and plain not in _LOG_STREAMS:
        raise _refusal(key, "text, ext://sys.stdout or ext://sys.stderr", plain)


def _refusal(key: str, expected: str, value: Any) -> HydraException:
    return HydraException(f"{key}: expected {expected}, got {value!r}")
