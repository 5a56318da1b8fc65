"""Text in a CSV file that somebody may open with a spreadsheet."""

from typing import Any


def csv_text(value: Any) -> Any:
    """The value; of text that a spreadsheet would take for a formula, with an apostrophe before it, which makes it text.

    >>> csv_text("=HYPERLINK(0)"), csv_text("speech"), csv_text(-1.5)
    ("'=HYPERLINK(0)", 'speech', -1.5)
    """
    return f"'{value}" if isinstance(value, str) and value.lstrip()[:1] in tuple("=+-@") else value
