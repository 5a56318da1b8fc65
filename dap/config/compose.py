"""The folder of the configurations, and a configuration put together without Hydra.

Hydra composes by globals: its `GlobalHydra`, its `ConfigStore`, its plugins. They belong to the program, which a library may
find in use by its caller, also in another thread. What `dap.restore` and `dap.fit` need of Hydra's grammar is
little, and read here.
"""

from collections.abc import Iterable, Iterator, Mapping
import difflib
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from dap.config.schema import Config

_PACKAGE = Path(__file__).resolve().parents[1]
CONFIGS = next((path for path in (_PACKAGE / "configs", _PACKAGE.parent / "configs") if path.is_dir()), _PACKAGE)


def compose(choices: Mapping[str, str], **values: Any) -> dict[str, Any]:
    """What Hydra would compose of config.yaml, less its own node, as plain containers with interpolations resolved.

    Args:
        choices: the option of a config group, in place of the one in config.yaml.
        values: of settings, by their names (``steps``; ``{"task.noise_std": 0.2}``), in place of what the files say.

    Raises:
        ValueError: a group, an option or a setting that there is not; or a defaults list that takes more of Hydra's grammar
            than ``option``, ``option@package``, ``/group@package: option``, ``override /group: option`` and ``_self_``.

    >>> composed = compose({"method": "restore", "task": "denoise"}, device="cpu")
    >>> composed["task"]["noise_std"], composed["method"]["best"]["inpainting"]["fit"]["device"]
    (0.1, 'cpu')
    >>> compose({"model": "dcgan"}, **{"model.width": 7})["model"]["width"]
    7
    """
    config = _read(CONFIGS / "config.yaml")
    entries = config.pop("defaults")
    groups = {str(group): option for entry in entries if isinstance(entry, DictConfig) for group, option in entry.items()}
    for group, option in choices.items():
        _check_choice(group, option, groups)
    chosen = {**groups, **choices}
    for group in groups:  # an option may choose another group's, unless the caller has
        if chosen[group] is not None and not group.startswith("override "):
            chosen.update({name: other for name, other in _overridden(group, chosen[group]) if name not in choices})
    parts: list[Any] = [OmegaConf.structured(Config)]  # the entry called schema
    for entry in entries:
        if entry == "_self_":
            parts.append({name: value for name, value in config.items_ex(resolve=False) if name != "hydra"})
        elif isinstance(entry, DictConfig):
            (group,) = map(str, entry)
            if chosen[group] is not None and not group.startswith("override "):
                parts += _parts(group, chosen[group])
    merged = OmegaConf.merge(*parts)
    for name, value in values.items():
        _check_setting(merged, name)
        try:
            OmegaConf.update(merged, name, value)
        except OmegaConfBaseException as error:  # of the type of the setting, in several lines
            raise ValueError(f"{name}: {str(error).splitlines()[0]}") from error
    plain = OmegaConf.to_container(merged, resolve=True)
    return plain  # type: ignore[return-value]


def _check_choice(group: str, option: str, groups: Iterable[str]) -> None:
    options = sorted(path.stem for path in (CONFIGS / group).glob("*.yaml"))
    if group not in groups or not options:
        raise ValueError(f"{group}: no such group")
    if option not in options:
        raise ValueError(f"{group} must be one of {', '.join(options)}, got {option!r}")


def _check_setting(config: Any, name: str) -> None:
    """Refuse what no file has."""
    node, *_, last = config, *name.split(".")
    for key in name.split(".")[:-1]:
        node = node[key] if isinstance(node, DictConfig) and key in node else None
    if not isinstance(node, DictConfig) or last not in node:
        raise ValueError(f"{name}: no such setting{_nearest(last, node)}; see dap-run --help")


def _nearest(name: str, node: Any) -> str:
    near = difflib.get_close_matches(name, map(str, node), 1) if isinstance(node, DictConfig) else []
    return f", did you mean {near[0]}?" if near else ""


def _overridden(group: str, option: str) -> Iterator[tuple[str, str]]:
    """The groups whose option an option's file chooses, as ``override /group: option`` in its defaults list."""
    for entry in _read(CONFIGS / group / f"{option}.yaml").get("defaults", []):
        if isinstance(entry, DictConfig):
            ((place, name),) = entry.items()
            if str(place).startswith("override /"):
                yield str(place).removeprefix("override /"), name


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
            if str(place).startswith("override /"):
                continue
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
