"""How much a YAML file may say: what its aliases write out could fill any memory."""

from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 2**18  # of a file; the largest that comes with dap has 4 kB
MAX_NODES = 10_000  # of a file, when its aliases are written out


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
