"""The folder of the configurations, and a configuration put together without Hydra.

Hydra composes by globals: its `GlobalHydra`, its `ConfigStore`, its plugins. They belong to the program, which a library may
find in use by its caller, also in another thread. What `dap.restore` needs of Hydra's grammar is little, and read here.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from dap.config.schema import Config

_PACKAGE = Path(__file__).resolve().parents[1]
CONFIGS = next((path for path in (_PACKAGE / "configs", _PACKAGE.parent / "configs") if path.is_dir()), _PACKAGE)


def compose(choices: Mapping[str, str], **values: Any) -> dict[str, Any]:
    """What Hydra would compose of config.yaml, less its own node, as plain containers with interpolations resolved.

    Args:
        choices: the option of a config group, in place of the one in config.yaml.
        values: of the top level, in place of what the files say.

    Raises:
        ValueError: a defaults list that takes more of Hydra's grammar than ``option``, ``option@package``,
            ``/group@package: option`` and ``_self_``.

    >>> composed = compose({"method": "restore", "task": "denoise"}, device="cpu")
    >>> composed["task"]["noise_std"], composed["method"]["best"]["inpainting"]["fit"]["device"]
    (0.1, 'cpu')
    """
    config = _read(CONFIGS / "config.yaml")
    parts: list[Any] = [OmegaConf.structured(Config)]  # the entry called schema
    for entry in config.pop("defaults"):
        if entry == "_self_":
            parts.append({name: value for name, value in config.items_ex(resolve=False) if name != "hydra"})
        elif isinstance(entry, DictConfig):
            ((group, option),) = entry.items()
            option = choices.get(str(group), option)
            if option is not None and not str(group).startswith("override hydra/"):
                parts += _parts(str(group), option)
    merged = OmegaConf.to_container(OmegaConf.merge(*parts, values), resolve=True)
    return merged  # type: ignore[return-value]


def _parts(group: str, option: str, package: str | None = None) -> Iterator[Mapping[str, Any]]:
    """What an option adds to the configuration, in order: its own defaults and its content, each in its package."""
    path = CONFIGS / group / f"{option}.yaml"
    config = _read(path)
    if package is None:
        package = "" if path.read_text(encoding="utf-8").startswith("# @package _global_\n") else group
    entries = [*config.pop("defaults", [])]
    for entry in entries if "_self_" in entries else [*entries, "_self_"]:
        if entry == "_self_":
            yield _placed(config, package)
            continue
        if isinstance(entry, DictConfig):
            ((place, name),) = entry.items()
        else:
            name, _, below = entry.partition("@")
            place = f"/{group}@{below}"
        within, _, below = str(place).partition("@")
        if not within.startswith("/"):
            raise ValueError(f"{path}: only Hydra can compose {OmegaConf.to_container(entry)}")
        yield from _parts(within[1:], name, ".".join(filter(None, (package, below))))


def _read(path: Path) -> DictConfig:
    config = OmegaConf.load(path)
    assert isinstance(config, DictConfig), path
    return config


def _placed(content: Any, package: str) -> Mapping[str, Any]:
    """The content at a dotted place of an otherwise empty configuration."""
    for name in reversed(package.split(".")) if package else ():
        content = {name: content}
    return content  # type: ignore[no-any-return]
