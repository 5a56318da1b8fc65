"""Names that somebody else gave, fit to be shown."""


def printable(text: str) -> str:
    r"""The text with what cannot be printed written as Python would: line ends, control characters, bytes that are no text.

    So a name cannot move a terminal's cursor, break a table's row or turn around the text beside it.

    >>> printable("two\nlines, \x1b[31mred, caf\udce9"), printable("Äpfel 🍎")
    ('two\\nlines, \\x1b[31mred, caf\\udce9', 'Äpfel 🍎')
    """
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
