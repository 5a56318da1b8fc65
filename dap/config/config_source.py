"""Where Hydra's configuration files come from: what a file or a package may not be, so that reading it stays harmless."""

from pathlib import Path
from typing import Any

from hydra._internal.core_plugins import file_config_source, importlib_resources_config_source
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult
import yaml

MAX_BYTES = 2**18  # of a file; the largest that comes with dap has 4 kB
MAX_NODES = 10_000  # of a file, when its aliases are written out
_PACKAGES = ("dap", "hydra", "hydra_plugins")


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


def install_sources() -> None:
    """Make Hydra read configuration files by the classes above."""
    Plugins.instance()  # which registers Hydra's own
    SourcesRegistry.instance().types.update(file=FileConfigSource, pkg=ImportlibResourcesConfigSource)


def check_yaml(path: Path) -> None:
    """Refuse a file whose aliases say more than `MAX_NODES` nodes: a few hundred bytes of them can fill any memory.

    Raises:
        ValueError: too large, as it is or when written out.

    >>> import tempfile
    >>> bomb = Path(tempfile.mkdtemp(), "bomb.yaml")
    >>> lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9))]
    >>> _ = bomb.write_text(chr(10).join(lines))
    >>> check_yaml(bomb)
    Traceback (most recent call last):
    ValueError: 345679021 nodes when its aliases are written out, expected at most 10000
    """
    if not path.is_file():
        return  # Hydra says so
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path.stat().st_size} bytes, expected at most {MAX_BYTES}")
    text = path.read_text(encoding="utf-8")
    if "*" not in text:
        return  # no aliases: quickly told
    size = _n_nodes(yaml.compose(text, Loader=yaml.SafeLoader), {})
    if size > MAX_NODES:
        raise ValueError(f"{size} nodes when its aliases are written out, expected at most {MAX_NODES}")


def _n_nodes(node: Any, known: dict[int, int]) -> int:
    """Nodes below one and itself; an alias is the node that it names, counted again but looked into once."""
    if id(node) not in known:
        known[id(node)] = MAX_NODES + 1  # of a node that holds itself
        children = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
        inner = children if isinstance(node, yaml.CollectionNode) else []
        known[id(node)] = 1 + sum(_n_nodes(child, known) for child in inner)
    return known[id(node)]
