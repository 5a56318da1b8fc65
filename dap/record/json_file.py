"""Reading a file that should hold one JSON object."""

import json
from pathlib import Path
from typing import Any


def read_object(path: Path) -> dict[str, Any]:
    """What the file holds.

    Raises:
        ValueError: it is not JSON, or another thing than an object.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "run.json")
    >>> _ = path.write_text('{"seed": 0}')
    >>> read_object(path)
    {'seed': 0}
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected a JSON object, got {type(content).__name__}")
    return content
