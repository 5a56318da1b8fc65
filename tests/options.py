"""The options of the config groups, found by reading the folder."""

from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from dap.config.compose import CONFIGS
from dap.config.multirun import prefer_configs
from dap.config.schema import Config


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONFIGS / group).glob("*.yaml"))


def composed(*overrides: str) -> DictConfig:
    ConfigStore.instance().store(name="schema", node=Config)
    prefer_configs(CONFIGS)
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return compose("config", ["device=cpu", *overrides])


def settings(*overrides: str) -> dict[str, Any]:
    """The configuration as plain containers, with what has no default filled in."""
    cfg = composed(*overrides)
    for key in OmegaConf.missing_keys(cfg):
        OmegaConf.update(cfg, key, str(Path(__file__).parent))
    return OmegaConf.to_container(cfg, resolve=True)
