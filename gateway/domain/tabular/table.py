"""A delimited text file as rows of cells, whatever a spreadsheet did to it on the way.

Understood: UTF-8 with and without byte order mark, UTF-16 with one, Windows-1252 (so Latin-1);
comma, semicolon and tab; quoted line ends; blank lines. A workbook (.xlsx) is refused by name.
"""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from gateway.domain.tabular.problems import Problem, TableError
from gateway.domain.tabular.text import SURROGATE

DELIMITERS = (";", "\t", ",")
CELL_CHARACTERS = 4000
ROW_NUMBER = "row number"
LOST = "holds a byte that is no character, neither in UTF-8 nor in Windows-1252"
LOST_MEND = "export the table again, as CSV UTF-8"
DECIMAL_COMMA = "a decimal comma in a comma-separated file? Save it with semicolons"


@dataclass(frozen=True)
class SourceRow:
    """One row as it came. The cells are identified data: they have no repr."""

    line: int
    cells: Mapping[str, str] = field(repr=False)
    beyond: int = 0
    """Cells beyond the last column. Then nobody knows which cell is whose, and there are none."""

    @property
    def is_empty(self) -> bool:
        return not self.beyond and not any(self.cells.values())

    @property
    def too_long(self) -> Problem:
        """What is wrong with a row that has more cells than there are columns."""
        reason = f"cells beyond the last column: {self.beyond}"
        return Problem(self.line, "", reason, DECIMAL_COMMA)


@dataclass(frozen=True)
class SourceTable:
    """A file's rows in its order. Column names are trimmed and lower case."""

    columns: tuple[str, ...]
    rows: tuple[SourceRow, ...] = field(repr=False)


def read_table(
    data: bytes,
    first_line: int = 2,
    *,
    keep_long: bool = False,
    known: Collection[str] = (),
) -> SourceTable:
    """Read a delimited file.

    Parameters
    ----------
    data : bytes
        The file, or a part of it that begins with the header.
    first_line : int
        The number that the line after the header has in the whole file.
    keep_long : bool
        Give a row with too many cells as one that has a problem, for who tells rows apart.
    known : Collection of str
        Columns that a problem may name; others by number: without a header, they are cells.

    Raises
    ------
    TableError
        If the file is no text, has no header, or names a column twice; if a byte of it is no
        character; unless `keep_long`, if a row has too many cells.
    """
    text = _decoded(data)
    head = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        columns = _columns(header)
        shown = [name if name in known else str(n) for n, name in enumerate(columns, start=1)]
        rows = tuple(_rows(reader, columns, first_line - 2, shown))
        if not keep_long:
            _refuse_long(rows, len(columns))
    except csv.Error as error:
        mend = "look for an unclosed quotation mark near this line"
        raise TableError(f"line {reader.line_num} is not well-formed CSV", mend) from error
    return SourceTable(columns, rows)


def decode(data: bytes) -> str:
    """Return the text of a file.

    Raises
    ------
    TableError
        If it is a workbook, empty, or not text, or if a byte of it is no character.
    """
    text = _decoded(data)
    lost = SURROGATE.search(text)
    if lost:
        line = text.count("\n", 0, lost.start()) + 1
        raise TableError(f"line {line} {LOST}", LOST_MEND, line=line)
    return text


def _decoded(data: bytes) -> str:
    """Return the text, with a lone surrogate for each byte that is no character."""
    if data.startswith(b"PK\x03\x04"):
        raise TableError("this is a workbook or zip file, not CSV", "save the sheet as CSV UTF-8")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = _wide(data)
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="surrogateescape")
    if "\x00" in text:
        raise TableError("this is not a text file", "export the table as CSV UTF-8")
    if not text.strip():
        raise TableError("the file is empty", "export the table again, with its header line")
    return text


def _wide(data: bytes) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        mend = "copy or export the file again, as CSV UTF-8"
        raise TableError("the file is cut off or is not UTF-16", mend) from error


def _columns(header: list[str]) -> tuple[str, ...]:
    columns = tuple(name.strip().lower() for name in header)
    if any(SURROGATE.search(name) for name in columns):
        raise TableError(f"the header {LOST}", LOST_MEND, line=1)
    if len(columns) > 1 and not columns[0]:  # R and pandas write their row numbers like this
        columns = (ROW_NUMBER, *columns[1:])
    if "" in columns:
        mend = f"give column {columns.index('') + 1} a name or remove it"
        raise TableError("a column has no name", mend)
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        # by number: in a file without a header, these are cells
        number = str(columns.index(twice[0]) + 1)
        raise TableError(f"{len(twice)} columns appear twice", "keep one of each", number)
    return columns


def _rows(
    reader: Any, columns: tuple[str, ...], offset: int, shown: Sequence[str]
) -> Iterator[SourceRow]:
    line = reader.line_num
    for cells in reader:
        line, here = reader.line_num, line + 1
        _refuse_lost(here + offset, shown, cells)
        if not cells:  # a blank line; a row of empty cells is a row
            continue
        if any(cell.strip() for cell in cells[len(columns) :]):
            yield SourceRow(here + offset, {}, len(cells) - len(columns))
            continue
        padded = cells + [""] * (len(columns) - len(cells))
        if max(map(len, padded)) > CELL_CHARACTERS:
            mend = "look for an unclosed quotation mark"
            raise TableError(f"line {here + offset} has a cell that is far too long", mend)
        yield SourceRow(
            here + offset, dict(zip(columns, (c.strip() for c in padded), strict=False))
        )


def _refuse_lost(line: int, shown: Sequence[str], cells: Sequence[str]) -> None:
    """Refuse a character that nobody knows: in an identifier it would make another patient."""
    if SURROGATE.search("".join(cells)):
        lost = next(place for place, cell in enumerate(cells) if SURROGATE.search(cell))
        column = shown[lost] if lost < len(shown) else str(lost + 1)
        raise TableError(f"line {line} {LOST}", LOST_MEND, column, line)


def _refuse_long(rows: tuple[SourceRow, ...], columns: int) -> None:
    long = next((row for row in rows if row.beyond), None)
    if long is not None:
        reason = f"line {long.line} has {columns + long.beyond} cells for {columns} columns"
        raise TableError(reason, DECIMAL_COMMA)
