"""All that leans on Hydra's inside: a release of Hydra may change it, and tests/config/test_hydra_internals.py tells.

Hydra has no place for a check between a composed configuration and what it makes of it, nor for one on the files that it
reads, so three of its classes are replaced by ones that check.
"""

import argparse
from pathlib import Path
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins import file_config_source, importlib_resources_config_source
import hydra._internal.hydra
from hydra._internal.sources_registry import SourcesRegistry
from hydra._internal.utils import get_args_parser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig
import yaml

from dap.config.guard import check, check_overrides
from dap.config.yaml_size import check_yaml

_PACKAGES = ("dap", "hydra", "hydra_plugins")


class CheckedLoader(ConfigLoaderImpl):
    """Hydra's loader, which every composed configuration comes from: a run's, a sweep's, each job's in any process."""

    def load_configuration(self, config_name: str | None, overrides: list[str], *args: Any, **named: Any) -> DictConfig:
        """Compose; HydraException where it cannot be, or asks for what it may not."""
        try:
            cfg = super().load_configuration(config_name, overrides, *args, **named)
        except HydraException:
            raise
        except RecursionError as error:
            raise HydraException("the configuration is nested too deeply") from error
        except (ArithmeticError, AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise HydraException(f"the configuration cannot be composed: {error!r}") from error
        check(cfg)
        check_overrides(cfg, overrides)
        return cfg


# Both have the names of Hydra's classes: where a launcher begins a process, its registry takes a second class of a source for
# a mistake unless it has the name of the first.


class FileConfigSource(file_config_source.FileConfigSource):
    """Hydra's files, none of which may be too large when its aliases are written out."""

    def load_config(self, config_path: str) -> ConfigResult:
        """Read a file; HydraException where it is no YAML, or too much of it."""
        path = Path(self.path, self._normalize_file_name(config_path))
        try:
            check_yaml(path)
            return super().load_config(config_path)
        except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
            reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise HydraException(f"{path}: not a configuration file: {reason}") from error


class ImportlibResourcesConfigSource(importlib_resources_config_source.ImportlibResourcesConfigSource):
    """pkg://NAME for the packages that configurations are part of: looking into another one would run its __init__."""

    def __init__(self, provider: str, path: str) -> None:
        super().__init__(provider, path)
        if self.path.partition(".")[0] not in _PACKAGES:
            raise HydraException(
                f"pkg://{self.path}: expected a package of {', '.join(_PACKAGES)}; give the folder by its path"
            )


def install() -> None:
    """Make Hydra use the classes above from here on."""
    hydra._internal.hydra.ConfigLoaderImpl = CheckedLoader  # type: ignore[attr-defined]
    Plugins.instance()  # which registers Hydra's own sources
    SourcesRegistry.instance().types.update(file=FileConfigSource, pkg=ImportlibResourcesConfigSource)


def check_flags(arguments: list[str]) -> list[str]:
    """The settings among the arguments; refuses --experimental-rerun, which loads a pickle, and flags that there are not.

    Raises:
        HydraException: these.
    """
    parser = get_args_parser()
    parser.exit_on_error = False
    try:
        known, unknown = parser.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise HydraException(str(error)) from error
    if unknown and not unknown[0].startswith("-"):
        raise HydraException(f"{unknown[0]}: give all settings in a row, and flags before or behind them")
    if unknown:
        raise HydraException(f"{unknown[0]}: no such flag; see dap-run --help and --hydra-help")
    rerun = known.experimental_rerun
    if rerun is not None:
        raise HydraException(f"--experimental-rerun: dap loads no pickles, got {rerun}; give the overrides of the run again")
    overrides: list[str] = known.overrides
    return overrides
