"""What is wrong with a row, told so that the person at the centre can mend it.

No text here ever quotes a cell: a shifted column would put an identifier into the message.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing to mend. `line` counts from 1 as a text editor does; 0 is the file as a whole."""

    line: int
    column: str
    reason: str
    mend: str


class TableError(Exception):
    """The file as a whole cannot be read; if one line is at fault, that is told."""

    def __init__(self, reason: str, mend: str, column: str = "", line: int = 0) -> None:
        super().__init__(reason)
        self.problem = Problem(line, column, reason, mend)


class CellError(Exception):
    """One cell cannot be understood."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.mend = mend
