"""Text in CSV that a spreadsheet would take for a formula: names come from anywhere."""

import re
from typing import Final

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_QUOTED: Final = re.compile(r"'+[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|-")


def as_text(cell: object) -> object:
    """Put an apostrophe before a text that begins like a formula; a number, or "-", is none."""
    if not isinstance(cell, str) or not _FORMULA.match(cell) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def as_written(cell: str) -> str:
    """Take away the apostrophe that `as_text` put there."""
    return cell[1:] if _QUOTED.match(cell) else cell
