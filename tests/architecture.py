"""The rooms of the house and the arrows between them, read from the imports: for tests/test_floors.py and scripts/architecture."""

import ast
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

# From the ground up: a module imports from its own room and those before it.
ROOMS = ["system", "audio", "dsp", "layers", "losses", "metrics", "models", "tasks", "data"]
ROOMS += [
    "methods",
    "methods.classical",
    "methods.prior",
    "methods.learned",
    "record",
    "results",
    "config",
    "running",
    "commands",
]


@cache
def modules() -> dict[str, Path]:
    """Every module of dap by its dotted name, but for the rooms' own __init__."""
    files = sorted(path for path in (REPOSITORY / "dap").rglob("*.py") if path.name != "__init__.py")
    return {".".join(path.relative_to(REPOSITORY).with_suffix("").parts): path for path in files}


def room_of(module: str) -> str:
    """The folder that a module lies in.

    >>> room_of("dap.methods.prior.fit"), room_of("dap.methods.stopping"), room_of("dap.layers.upsample.sinc")
    ('methods.prior', 'methods', 'layers')
    """
    inner = ".".join(module.split(".")[1:])
    return max((room for room in ROOMS if inner.startswith(f"{room}.")), key=len)


@cache
def imports_of(module: str) -> frozenset[str]:
    """The modules of dap that a module imports, wherever in it it does."""
    found = set()
    for node in ast.walk(ast.parse(modules()[module].read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found & set(modules()))


def libraries_of(module: str) -> set[str]:
    """The top-level packages that a module imports."""
    nodes = [node for node in ast.walk(ast.parse(modules()[module].read_text()))]
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.split(".")[0] for name in named}


def arrows() -> dict[tuple[str, str], int]:
    """How many imports lead from a room to another one."""
    counted: dict[tuple[str, str], int] = {}
    for module in modules():
        for imported in imports_of(module):
            pair = room_of(module), room_of(imported)
            if pair[0] != pair[1]:
                counted[pair] = counted.get(pair, 0) + 1
    return counted
