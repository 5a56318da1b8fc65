"""The options of the config groups, found by reading the folder; each configuration composed once in a process."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from dap.config import command_line
from dap.config.compose import CONFIGS


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONFIGS / group).glob("*.yaml"))


def composed(*overrides: str) -> DictConfig:
    return _composed(overrides).copy()


def settings(*overrides: str) -> dict[str, Any]:
    """The configuration as plain containers, with what has no default filled in."""
    return deepcopy(_settings(overrides))


@cache
def _composed(overrides: tuple[str, ...]) -> DictConfig:
    return command_line.composed(["device=cpu", *overrides])[0]


@cache
def _settings(overrides: tuple[str, ...]) -> dict[str, Any]:
    cfg = composed(*overrides)
    for key in OmegaConf.missing_keys(cfg):
        OmegaConf.update(cfg, key, str(Path(__file__).parent))
    return OmegaConf.to_container(cfg, resolve=True)
