"""Printing tables of which no cell is cut short, on a narrow terminal and into a file."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

INTO_A_FILE: Final = 200
"""Columns; a file or a pipe has no width of its own."""


def print_table(
    header: Sequence[str], rows: Iterable[Sequence[Any]], *, first_is_whole: bool = False
) -> None:
    """Print cells as they are: brackets in them are no markup.

    Parameters
    ----------
    first_is_whole
        Keep the first column on one line, whatever the width: it is there to be copied.
    """
    cells = [[Text(str(cell)) for cell in row] for row in rows]
    widest = max((cell.cell_len for cell, *_ in cells), default=0) if first_is_whole else None
    table = Table()
    for number, name in enumerate(header):
        if first_is_whole and number == 0:
            table.add_column(Text(name), no_wrap=True, overflow="ignore", min_width=widest)
        else:
            table.add_column(Text(name), overflow="fold")
    for row in cells:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else INTO_A_FILE).print(table)
