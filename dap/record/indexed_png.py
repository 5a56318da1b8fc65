"""Pictures of few colors as small PNG files."""

import struct
import zlib

import numpy as np
import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BITS, _INDEXED = 8, 3
_LEVEL = 4  # of zlib: 6 takes four times as long for a tenth less


def indexed_png(pixels: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> bytes:
    """A PNG with one byte a pixel, before compression.

    Args:
        pixels: (row, column), numbers of colors, the top row first.
        palette: (color, 3), red, green and blue; at most 256 colors.

    >>> picture = indexed_png(np.zeros((2, 3), np.uint8), np.array([[255, 0, 0]], np.uint8))
    >>> import io, matplotlib.image
    >>> matplotlib.image.imread(io.BytesIO(picture))[1, 2, :3].tolist()
    [1.0, 0.0, 0.0]
    """
    n_rows, n_columns = pixels.shape
    lines = np.zeros((n_rows, 1 + n_columns), np.uint8)  # each line begins with its filter, 0 for none
    lines[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", n_columns, n_rows, _EIGHT_BITS, _INDEXED, 0, 0, 0)
    chunks = {b"IHDR": header, b"PLTE": palette.tobytes(), b"IDAT": zlib.compress(lines.tobytes(), _LEVEL), b"IEND": b""}
    return _SIGNATURE + b"".join(_chunk(name, content) for name, content in chunks.items())


def _chunk(name: bytes, content: bytes) -> bytes:
    """Length, name, content and checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
