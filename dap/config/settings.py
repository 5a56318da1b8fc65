"""A composed configuration as plain values."""

from dataclasses import fields
from typing import Any

from omegaconf import DictConfig, OmegaConf

from dap.config.schema import Config


def settings_of(cfg: DictConfig) -> dict[str, Any]:
    """Every setting with its interpolations resolved.

    Raises:
        ValueError: one that does not exist, or one that has no value yet.
    """
    unknown = sorted(str(name) for name in cfg if name not in {field.name for field in fields(Config)})
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no such setting; see dap-run --help")
    missing = sorted(OmegaConf.missing_keys(cfg))
    if missing:
        raise ValueError(f"{', '.join(missing)}: needs a value")
    settings: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    return settings
