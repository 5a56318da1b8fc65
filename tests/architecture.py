"""The rooms of the house and the arrows between them, read from the imports, and their picture in docs/architecture.md."""

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
    found: set[str] = set()
    for node in ast.walk(ast.parse(modules()[module].read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found & set(modules()))


def libraries_of(module: str) -> set[str]:
    """The packages that a module imports from, each with those that it lies in: hydra.core.plugins, hydra.core, hydra."""
    nodes = list(ast.walk(ast.parse(modules()[module].read_text())))
    named = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {".".join(name.split(".")[: n + 1]) for name in named for n in range(name.count(".") + 1)}


def arrows() -> dict[tuple[str, str], int]:
    """How many imports lead from a room to another one."""
    counted: dict[tuple[str, str], int] = {}
    for module in modules():
        for imported in imports_of(module):
            pair = room_of(module), room_of(imported)
            if pair[0] != pair[1]:
                counted[pair] = counted.get(pair, 0) + 1
    return counted


def purpose_of(room: str) -> str:
    """What the room is for: its docstring."""
    text = (REPOSITORY / "dap" / room.replace(".", "/") / "__init__.py").read_text()
    return ast.get_docstring(ast.parse(text)) or ""


def table() -> str:
    """The rooms from the top down, in Markdown."""
    lines = ["| room | what it is for |", "|---|---|"]
    lines += [
        f"| [`{room.replace('.', '/')}/`](../dap/{room.replace('.', '/')}) | {purpose_of(room)} |" for room in ROOMS[::-1]
    ]
    return "\n".join(lines)


def floor_of(room: str) -> int:
    """How many arrows lie between a room and the ground, by the longest way."""
    below = [there for here, there in arrows() if here == room]
    return 1 + max(map(floor_of, below)) if below else 0


def plain_arrows() -> list[tuple[str, str]]:
    """The arrows less those that a longer way stands for, so that a picture of them can be read."""
    below = {room: {there for here, there in arrows() if here == room} for room in ROOMS}

    def reached(room: str) -> set[str]:
        return below[room].union(*map(reached, below[room])) if below[room] else set()

    return sorted((here, there) for here, there in arrows() if not any(there in reached(other) for other in below[here]))


def picture() -> str:
    """The floors as SVG, the ground at the bottom; dark where the reader's page is."""
    floors: dict[int, list[str]] = {}
    for room in ROOMS:
        floors.setdefault(floor_of(room), []).append(room)
    width, height, step = 170, 34, 76
    size = (60 + 200 * max(map(len, floors.values())), step * len(floors))
    place = {}
    for floor, rooms in floors.items():
        for index, room in enumerate(rooms):
            place[room] = (size[0] / 2 + 200 * (index - (len(rooms) - 1) / 2), size[1] - step * floor - step / 2)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" font-family="sans-serif" font-size="14">',
        "<style>rect{fill:#eef3fb;stroke:#4a6fa5}text{fill:#1b2a41;text-anchor:middle}path{stroke:#8a97a8;fill:none}",
        "@media (prefers-color-scheme:dark){rect{fill:#1f2a3a;stroke:#7fa2d6}text{fill:#e6edf6}path{stroke:#6b7788}}</style>",
    ]
    for here, there in plain_arrows():
        (x1, y1), (x2, y2) = place[here], place[there]
        y1, y2 = y1 + height / 2, y2 - height / 2
        lines.append(
            f'<path d="M{x1:.0f} {y1:.0f}C{x1:.0f} {(y1 + y2) / 2:.0f} {x2:.0f} {(y1 + y2) / 2:.0f} {x2:.0f} {y2:.0f}"/>'
        )
    for room, (x, y) in place.items():
        lines.append(f'<rect x="{x - width / 2:.0f}" y="{y - height / 2:.0f}" width="{width}" height="{height}" rx="6"/>')
        lines.append(f'<text x="{x:.0f}" y="{y + 5:.0f}">{room.replace(".", "/")}</text>')
    return "\n".join([*lines, "</svg>", ""])


def drawn() -> dict[Path, str]:
    """What docs/ is to hold: the page with its table of rooms, and the picture."""
    page = REPOSITORY / "docs" / "architecture.md"
    before, rest = page.read_text().split("<!-- rooms -->\n", 1)
    after = rest.split("<!-- /rooms -->", 1)[1]
    told = f"{len(ROOMS)} rooms, {len(arrows())} arrows between them, none upward.\n"
    content = f"{before}<!-- rooms -->\n{table()}\n\n{told}<!-- /rooms -->{after}"
    return {page: content, page.with_suffix(".svg"): picture()}
