"""What Hydra composes of a command line, for all that asks but the command itself, which Hydra runs."""

from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf, open_dict

from dap.config.compose import CONFIGS
from dap.config.multirun import prefer_configs
from dap.config.schema import Config, system_name


def register() -> None:
    """Tell Hydra of dap's schema, its configs and its resolver; once or several times."""
    ConfigStore.instance().store(name="schema", node=Config)
    prefer_configs(CONFIGS)
    OmegaConf.register_new_resolver(
        "system", lambda _root_: system_name(_root_.method, _root_.hydra.runtime.choices), replace=True
    )


def composed(overrides: Sequence[str], configs: Path = CONFIGS) -> tuple[DictConfig, dict[str, str]]:
    """The configuration of ``dap-run OVERRIDES``, less Hydra's own node, and the option chosen in each group.

    Raises:
        HydraException, OmegaConfBaseException: overrides that do not fit.

    >>> cfg, choices = composed(["model=dcgan", "steps=3"])
    >>> cfg.steps, choices["model"], choices["task"]
    (3, 'dcgan', 'denoise')
    """
    register()
    with initialize_config_dir(str(configs), version_base="1.3"):
        cfg = compose("config", list(overrides), return_hydra_config=True)
    choices = dict(cfg.hydra.runtime.choices)
    with open_dict(cfg):
        del cfg["hydra"]
    return cfg, choices
