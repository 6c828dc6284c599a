"""Rows of one kind out of a file that may hold several."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.contract.clinical import RowKind
from gateway.domain.clinical.columns import COLUMNS
from gateway.domain.tabular.problems import Problem, TableError
from gateway.domain.tabular.table import SourceRow, SourceTable, decode


@dataclass(frozen=True)
class Section:
    kind: RowKind
    table: SourceTable
    problems: tuple[Problem, ...] = ()
    """Of records that did not even become rows."""


def section(
    kind: RowKind,
    records: Iterable[tuple[int, Mapping[str, object]]],
    problems: Iterable[Problem] = (),
) -> Section | None:
    """Return a section of these records, each with its place in the source; None without any."""
    rows = [(line, {k: _text(v) for k, v in record.items()}) for line, record in records]
    bad = tuple(problems)
    if not rows and not bad:
        return None
    required = [column.name for column in COLUMNS[kind] if column.required]
    names = dict.fromkeys((*required, *(name for _, record in rows for name in record)))
    filled = tuple(
        SourceRow(line, {name: record.get(name, "") for name in names}) for line, record in rows
    )
    return Section(kind, SourceTable(tuple(names), filled), bad)


def read_json(data: bytes) -> Any:
    """Return the parsed file.

    Raises
    ------
    TableError
        If it is not JSON, without quoting any of it.
    """
    try:
        return json.loads(decode(data))
    except json.JSONDecodeError as error:
        raise TableError(f"line {error.lineno} is not JSON", "export the file again") from error
    except ValueError as error:  # Python reads no number of more than 4300 digits
        raise TableError("a number in the JSON is far too long", "export the file again") from error
    except RecursionError as error:
        raise TableError("the JSON is nested too deeply", "export the file again") from error


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip()
