"""The documents: their links lead somewhere, each is on the map, and the first page stays a page."""

from pathlib import Path
import re

import pytest

from tests.conftest import REPOSITORY

DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(path: Path) -> set[str]:
    """The names of a document's headings, as GitHub makes them."""
    headings = (line.lstrip("#").strip() for line in path.read_text().splitlines() if line.startswith("#"))
    return {re.sub(r"[^\w\s-]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    for address in LINK.findall(path.read_text()):
        if not address.startswith("http"):
            place, _, anchor = address.partition("#")
            target = path.parent / place if place else path
            assert target.exists(), f"{path.name}: {address}"
            assert not anchor or anchor in anchors(target), f"{path.name}: {address}"


def test_every_document_is_on_the_map():
    told = (REPOSITORY / "docs" / "README.md").read_text()
    assert not [path.name for path in (REPOSITORY / "docs").glob("*.md") if path.name != "README.md" and path.name not in told]


def test_the_first_page_is_a_page():
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= 100
