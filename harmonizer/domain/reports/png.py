"""PNG (ISO/IEC 15948) from arrays, as data URIs."""

import struct
import zlib
from base64 import b64encode

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPES = {1: 0, 3: 2, 4: 6}


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode pixels (rows, columns), (rows, columns, 3) or (rows, columns, 4), 8 bit each.

    Raises
    ------
    ValueError
        If the shape is none of these.
    """
    block = pixels[:, :, None] if pixels.ndim == 2 else pixels
    rows, columns, channels = block.shape
    if channels not in COLOUR_TYPES or pixels.dtype != np.uint8:
        raise ValueError("a PNG needs 8-bit pixels with 1, 3 or 4 channels")
    lines = block.reshape(rows, columns * channels)
    # Filter 2 (up): what is stored is the difference to the line above.
    above = np.vstack([np.zeros((1, lines.shape[1]), np.uint8), lines[:-1]])
    filtered = np.hstack([np.full((rows, 1), 2, np.uint8), lines - above])
    head = struct.pack(">IIBBBBB", columns, rows, 8, COLOUR_TYPES[channels], 0, 0, 0)
    data = zlib.compress(filtered.tobytes(), 9)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """Return pixels as a data URI."""
    return "data:image/png;base64," + b64encode(png(pixels)).decode("ascii")
