"""Mapping files: how a centre's own CSV becomes one of ours, and what a guess looks like."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

from gateway.contract.records import WORDS
from gateway.domain.clinical import SourceTable, TableError, read_table
from gateway.domain.clinical.columns import COLUMNS
from gateway.domain.clinical.mapping import ColumnMapping, guess
from kasari.errors import InputError

KINDS = WORDS
PREVIEW_ROWS = 3


def read_mapping(path: Path) -> ColumnMapping:
    """Read a mapping file: `{"kind", "columns": {ours: theirs}, "constants": {ours: value}}`.

    Raises
    ------
    InputError
        If the file is not readable or says something else.
    """
    try:
        raw: Any = json.loads(path.read_text("utf-8"))
        columns = {str(ours): str(theirs).lower() for ours, theirs in raw["columns"].items()}
        constants = {str(k): str(v) for k, v in raw.get("constants", {}).items()}
        mapping = ColumnMapping(KINDS[raw["kind"]], columns, constants)
    except OSError as error:
        raise InputError(f"cannot read the mapping: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        text = "the mapping is not usable; write one with `kasari clinical map FILE --out MAPPING`"
        raise InputError(text) from error
    if mapping.missing:
        raise InputError(
            f"the mapping lacks {', '.join(mapping.missing)}; add a column or constant"
        )
    return mapping


def write_mapping(mapping: ColumnMapping) -> str:
    """Return the text of a mapping file."""
    body = {"kind": word_of(mapping), "columns": mapping.columns, "constants": mapping.constants}
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def word_of(mapping: ColumnMapping) -> str:
    """Return the command line's word for the mapping's kind."""
    return next(word for word, kind in KINDS.items() if kind is mapping.kind)


def guessed(data: bytes, kind: str | None) -> tuple[ColumnMapping, SourceTable]:
    """Return the likeliest mapping of a file, of one kind if that is known."""
    try:
        table = read_table(data)
    except TableError as error:
        raise InputError(f"{error.problem.reason}; {error.problem.mend}") from error
    found = [m for m in guess(table) if kind is None or m.kind is KINDS[kind]]
    return found[0], table


def preview(mapping: ColumnMapping, table: SourceTable) -> list[tuple[str, str, str]]:
    """Return our column, theirs, and a few values; those of identifying columns are hidden."""
    hidden = {c.name for c in COLUMNS[mapping.kind] if c.identifying}
    lines = []
    for ours, theirs in mapping.columns.items():
        values = [row.cells[theirs] for row in table.rows[:PREVIEW_ROWS]]
        lines.append((ours, theirs, "(hidden)" if ours in hidden else " | ".join(values)))
    return lines


def mapped(mapping: ColumnMapping, data: bytes) -> bytes:
    """Return the file under our names. Every row keeps its line, so that problems point at it.

    Raises
    ------
    InputError
        If the file cannot be read or lacks a mapped column.
    """
    try:
        table = mapping.apply(read_table(data, keep_long=True))
    except TableError as error:
        raise InputError(f"{error.problem.reason}; {error.problem.mend}") from error
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    line = 2
    for row in table.rows:
        out.write("\n" * (row.line - line))
        cells = [" ".join(row.cells.get(name, "").split()) for name in table.columns]
        writer.writerow([*cells, *["beyond the last column"] * row.beyond])
        line = row.line + 1
    return out.getvalue().encode()
