"""Printing tables of which no cell is cut short, on a narrow terminal and into a file."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

INTO_A_FILE: Final = 200
"""Columns; a file or a pipe has no width of its own."""


def print_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    table = Table()
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else INTO_A_FILE).print(table)
