"""The options of the config groups, with what their files and classes say of them."""

from pathlib import Path
import re
from typing import NamedTuple

from omegaconf import OmegaConf

from dap.config.build import find_target
from dap.config.compose import CONFIGS


class Choice(NamedTuple):
    """An option of a config group.

    Args:
        name: as on the command line.
        about: what it is, from the head of its file.
        source: the paper or page that it comes from; empty where there is none.
    """

    name: str
    about: str
    source: str


def choices_of(group: str) -> list[Choice]:
    """Every option of a group, by name; ValueError where there is no such group."""
    groups = sorted(path.name for path in CONFIGS.iterdir() if path.is_dir() and path.name != "hydra")
    if group not in groups:
        raise ValueError(f"group must be one of {', '.join(groups)}, got {group!r}")
    paths = sorted((CONFIGS / group).glob("*.yaml"))
    return [Choice(path.stem, _head(path.read_text(encoding="utf-8")), _source(group, path)) for path in paths]


def _head(text: str) -> str:
    """The comment that a file begins with, in one line."""
    comment = re.match(r"(?:# @package .*\n)?((?:#.*\n)*)", text)
    assert comment is not None
    return " ".join(line.removeprefix("#").strip() for line in comment[1].splitlines())


def _source(group: str, path: Path) -> str:
    """The reference in the docstring of the option's class, in one line."""
    content = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(content, dict), path
    target = {**content, **content.get(group, {})}.get("_target_")  # of a model beside its latent, or of the whole file
    told = (find_target(target, group).__doc__ or "") if target else ""
    found = re.search(r"Reference: (.*?)(?:\n\s*\n|\Z)", told, re.DOTALL)
    return " ".join(found[1].split()) if found else ""
