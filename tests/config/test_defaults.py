"""A class and the files that configure it agree on its settings, or the file says in what and why they do not."""

from collections.abc import Iterator
from dataclasses import dataclass
import inspect
import re
from typing import Any

from omegaconf import OmegaConf
import pytest
import yaml

from dap.config.build import find_target
from dap.config.compose import CONFIGS
from tests.options import options

GROUPS = sorted(path.name for path in CONFIGS.iterdir() if path.is_dir() and path.name not in ("hydra", "experiment"))
FILES = [(group, option) for group in GROUPS for option in options(group)]


@dataclass(frozen=True)
class Node:
    """A place of a file where an object is described: its class, its settings as written, and the comment of each."""

    target: str
    settings: dict[str, Any]
    comments: dict[str, str]


def nodes_of(group: str, option: str) -> list[Node]:
    text = (CONFIGS / group / f"{option}.yaml").read_text()
    return list(_described(yaml.compose(text), text.splitlines()))


def _described(node: yaml.Node, lines: list[str]) -> Iterator[Node]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _described(item, lines)
    if isinstance(node, yaml.MappingNode):
        written = OmegaConf.to_container(OmegaConf.create(yaml.serialize(node)), resolve=False)
        if "_target_" in written:
            comments = {key.value: lines[key.start_mark.line].partition("#")[2] for key, _ in node.value}
            yield Node(written.pop("_target_"), written, comments)
        for _, value in node.value:
            yield from _described(value, lines)


def defaults_of(target: str) -> dict[str, Any]:
    """Plain ones: an object's default, such as another class, is no value of a file."""
    parameters = inspect.signature(find_target(target, target)).parameters.values()
    found = {each.name: _listed(each.default) for each in parameters if each.default is not each.empty}
    return {name: value for name, value in found.items() if isinstance(value, bool | int | float | str | list | None)}


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple | list) else value


def _is_written(value: Any, comment: str) -> bool:
    """Whether a comment names a value, as a whole word, as a file would write it."""
    word = re.escape(yaml.safe_dump(value, default_flow_style=True).split("\n")[0])
    return re.search(rf"(?<![\w.]){word}(?![\w]|\.\d)", comment) is not None


EVERY_NODE = [(pair, node) for pair in FILES for node in nodes_of(*pair) if node.target.startswith("dap.")]


@pytest.mark.parametrize(("group", "option"), FILES, ids=["=".join(pair) for pair in FILES])
def test_what_a_file_says_is_the_default_of_the_class(group, option):
    """Else another file has the default, of which this one is the variant; or the comment names the class's value too.

    An interpolation such as ``${size.width}`` says nothing by itself, and is not compared.
    """
    for node in nodes_of(group, option):
        if not node.target.startswith("dap."):
            continue
        others = [other.settings for pair, other in EVERY_NODE if other.target == node.target and other != node]
        for name, default in defaults_of(node.target).items():
            value = node.settings.get(name, default)
            if value == default or (isinstance(value, str) and value.startswith("${")):
                continue
            a_variant = any(_listed(other.get(name, default)) == default for other in others)
            assert a_variant or _is_written(default, node.comments[name]), (
                f"{group}/{option}.yaml: {name} is {value!r}, the class's default {default!r}, and no comment says why"
            )


def test_a_comment_names_a_value_as_a_word():
    assert _is_written(None, " the level; null: use input_sdr_db")
    assert _is_written(64, " channels; the source's 64 take 3 times as long")
    assert _is_written(0.02, " 0.02 · √(128 / filters)")
    assert not _is_written(6, " channels; the source's 64.5 or 6.5")
    assert not _is_written(True, " untrue")
