"""A folder for each clip, whatever the clips are called."""

from collections.abc import Sequence
import hashlib
import re
import unicodedata

from dap.system.printable import printable

MAX_BYTES = 120  # of a name; file systems end at 255, and a temporary name is a little longer
_OWN_FILES = re.compile(r"\.(csv|html|json|lock|md|pt|tex|yaml)$", re.IGNORECASE)  # summary.csv stands beside the clips


def folder_names(names: Sequence[str]) -> list[str]:
    r"""A folder name for each clip's name: one part of a path, printable, short, and another for each.

    Separators become _, dots and spaces at the ends go, a long name is cut and gets a hash of all of it. What is equal then,
    also for a file system that knows no upper and lower case, gets a number. The names of the first clips do not depend on
    those of later ones, so they stay when clips are added at the end.

    >>> folder_names(["cello/one", "cello_one", "Cello_One", "../..", "a\\b", "a\\b", "summary.csv"])
    ['cello_one', 'cello_one_2', 'Cello_One_3', '_', 'a_b', 'a_b_2', 'summary_csv']
    """
    found: list[str] = []
    taken: set[str] = set()
    for name in names:
        flat = _flat(name)
        candidate, number = flat, 1
        while _same(candidate) in taken:
            number += 1
            candidate = f"{flat}_{number}"
        taken.add(_same(candidate))
        found.append(candidate)
    return found


def _flat(name: str) -> str:
    flat = re.sub(r'[/\\:*?"<>|]', "_", printable(name)).strip(". ")
    flat = _OWN_FILES.sub(r"_\1", flat) or "clip"
    if len(flat.encode()) <= MAX_BYTES:
        return flat
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:10]
    return f"{flat.encode()[: MAX_BYTES - len(digest) - 1].decode(errors='ignore')}_{digest}"


def _same(name: str) -> str:
    """Equal for names that some file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
