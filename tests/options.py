"""The options of the config groups, found by reading the folder."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from dap.config import command_line
from dap.config.compose import CONFIGS


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONFIGS / group).glob("*.yaml"))


def composed(*overrides: str) -> DictConfig:
    return command_line.composed(["device=cpu", *overrides])[0]


def settings(*overrides: str) -> dict[str, Any]:
    """The configuration as plain containers, with what has no default filled in."""
    cfg = composed(*overrides)
    for key in OmegaConf.missing_keys(cfg):
        OmegaConf.update(cfg, key, str(Path(__file__).parent))
    return OmegaConf.to_container(cfg, resolve=True)
