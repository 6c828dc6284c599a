r"""Many decimal numbers at once from DICOM text (`1.5\-2\30.25`).

A structure set holds hundreds of thousands of them; one Python float each is most of the reading.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

BACKSLASH, DOT, MINUS = 92, 46, 45
MOST_DIGITS: Final = 15
"""Up to here the digits as one integer are exact in a double, and so is the division."""

POWERS: Final = 10.0 ** np.arange(MOST_DIGITS + 1)


def parse_numbers(raw: bytes) -> NDArray[np.float64]:
    r"""Parse `1.5\2\-3`; empty where any part is not a number."""
    if not raw.strip(b" \0"):
        return np.zeros(0)
    if len(raw) > 200 and (fast := _plain_decimals(raw)) is not None:
        return fast
    try:
        return np.array([float(part.strip(b" \0")) for part in raw.split(b"\\")])
    except ValueError:
        return np.zeros(0)


def _plain_decimals(raw: bytes) -> NDArray[np.float64] | None:
    """Parse decimals, parts with anything unusual (exponents, blanks) one by one; None if bad."""
    text = np.frombuffer(raw.rstrip(b" \0") + b"\\", np.uint8)
    known = ((text - 48) < 10) | (text == BACKSLASH) | (text == DOT) | (text == MINUS)
    if known.all():
        return _known_decimals(text)
    ends = np.flatnonzero(text == BACKSLASH)
    odd = np.unique(np.searchsorted(ends, np.flatnonzero(~known)))
    begins = np.concatenate([[0], ends[:-1] + 1])
    keep = np.ones(ends.size, bool)
    keep[odd] = False
    found = np.zeros(ends.size)
    try:
        places = zip(begins[odd].tolist(), ends[odd].tolist(), strict=True)
        found[odd] = [float(raw[a:b].strip(b" \0")) for a, b in places]
    except ValueError:
        return None
    if keep.any():
        plain = _known_decimals(text[np.repeat(keep, ends - begins + 1)])
        if plain is None:
            return None
        found[keep] = plain
    return found


def _known_decimals(text: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """Parse text of digits, dots, minus signs and backslashes; None if the parts make no sense."""
    digit = (text - 48) < 10  # wraps below "0"
    ends = np.flatnonzero(text == BACKSLASH)
    dots = np.flatnonzero(text == DOT)
    minus = np.flatnonzero(text == MINUS)
    digits_up_to = np.cumsum(digit)
    in_part = np.diff(digits_up_to[ends], prepend=0)
    dot_part = np.searchsorted(ends, dots)
    minus_part = np.searchsorted(ends, minus)
    begins = np.concatenate([[0], ends[:-1] + 1])
    if (
        in_part.min() < 1
        or in_part.max() > MOST_DIGITS
        or np.any(np.diff(dot_part) == 0)
        or np.any(begins[minus_part] != minus)
    ):
        return None
    last = np.repeat(digits_up_to[ends], in_part)
    following = last - np.arange(1, last.size + 1)
    values = (text[digit] - 48) * POWERS[following]
    starts = np.concatenate([[0], np.cumsum(in_part)[:-1]])
    found = np.add.reduceat(values, starts)
    found[dot_part] /= POWERS[digits_up_to[ends[dot_part]] - digits_up_to[dots]]
    found[minus_part] *= -1.0
    return np.asarray(found)
