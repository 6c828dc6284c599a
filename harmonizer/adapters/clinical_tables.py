"""Reads what the joined tables need: columns only, some hundred patients at a time."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from itertools import repeat
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    Engine,
    Select,
    Table,
    Text,
    cast,
    select,
    union,
)

from harmonizer.adapters.clinical_records import clinical, facts, gone, patients, prom, toxicity
from harmonizer.adapters.database import reading
from harmonizer.adapters.dose_metrics import courses
from harmonizer.data.instruments import load_instruments
from harmonizer.domain.clinical.tables import CLINICAL, PatientRows

Rows = dict[str, list[dict[str, Any]]]
TOXICITY: Final = ("term", "ctcae_version", "grade", "assessed_on", "attribution")
FACT: Final = ("fact", "happened_on", "said")
_JSON: Final[TypeAdapter[Any]] = TypeAdapter(Any)  # reads twice as fast as the library's json
PROM: Final = ("instrument", "instrument_version", "answered_on", "scores", "not_answered")


class SqlTableRecords:
    """The `TableRecords` port."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)

    def patients(self) -> Sequence[str]:
        one, other = (query.where(_stays(column)) for query, column in _everybody())
        with self._reading.begin() as db:
            return sorted({row.national_id for row in db.execute(union(one, other)).all()})

    def rows_of(self, national_ids: Sequence[str]) -> Sequence[PatientRows]:
        by_row, by_course = (q.where(column.in_(national_ids)) for q, column in _everybody())
        names = (*CLINICAL, "rt_start", "rt_end")
        with self._reading.begin() as db:
            treated = {row.national_id: row.centre for row in db.execute(by_course).all()}
            centres = treated | {row.national_id: row.centre for row in db.execute(by_row).all()}
            records = _read(db, clinical, names, "recorded_on", national_ids)
            grades = _read(db, toxicity, TOXICITY, "assessed_on", national_ids)
            answers = _read(db, prom, PROM, "answered_on", national_ids)
            happened = _read(db, facts, FACT, "happened_on", national_ids)
        known = {*records, *grades, *answers, *happened, *treated}
        return [
            PatientRows(
                name, centres[name], records[name], grades[name], answers[name], {}, happened[name]
            )
            for name in national_ids
            if name in known
        ]

    def terms(self) -> Sequence[tuple[str, str]]:
        query = select(toxicity.c.term, toxicity.c.ctcae_version).where(toxicity.c.current)
        with self._reading.begin() as db:
            return sorted((term, version) for term, version in db.execute(query.distinct()))

    def scales(self, asked: Collection[str]) -> Sequence[tuple[str, str]]:
        query = select(prom.c.instrument).where(prom.c.current).distinct()
        with self._reading.begin() as db:
            used = sorted({*db.scalars(query), *asked})
        known = load_instruments()
        return [(name, code) for name in used if name in known for code in known[name].codes]


def _everybody() -> tuple[tuple[Select[Any], Column[str]], ...]:
    """Whoever has rows, and whoever has a course: either may come without the other."""
    return tuple(
        (select(table.c.national_id, table.c.centre).distinct(), table.c.national_id)
        for table in (patients, courses)
    )


def _stays(national_id: Column[str]) -> ColumnElement[bool]:
    return national_id.not_in(select(gone.c.national_id))


def _read(
    db: Connection, table: Table, names: Sequence[str], order: str, national_ids: Sequence[str]
) -> Rows:
    texts = {name for name in names if isinstance(table.c[name].type, JSON)}
    columns = [cast(table.c[n], Text) if n in texts else table.c[n] for n in names]
    which = table.c.national_id.in_(national_ids) & table.c.current
    query = select(table.c.national_id, *columns).where(which).order_by(table.c[order], table.c.id)
    found: Rows = defaultdict(list)
    whose, *values = _columns(db, query, len(names) + 1)
    for place, name in enumerate(names):
        if name in texts:
            # All texts of a column in one go: thousands of small calls cost more than the parsing.
            values[place] = _JSON.validate_json(f"[{','.join(values[place])}]")
        elif db.dialect.name == "sqlite":
            values[place] = _as_python(table.c[name], values[place])
    rows = map(dict, map(zip, repeat(names), zip(*values, strict=True)))
    for patient, row in zip(whose, rows, strict=True):
        found[patient].append(row)
    return found


def _columns(db: Connection, query: Select[Any], width: int) -> list[Sequence[Any]]:
    """Return the answer column by column, as the driver gives it: a million rows of the library
    cost as much as everything else."""
    with db.execute(query) as result:
        rows = result.cursor.fetchall()
    return [*zip(*rows, strict=True)] or [()] * width


def _as_python(column: Column[Any], values: Sequence[Any]) -> Sequence[Any]:
    """Turn what SQLite keeps as text or number into a date or truth value."""
    convert: Any = {Date: date.fromisoformat, Boolean: bool}.get(type(column.type))
    if convert is None:
        return values
    return [None if value is None else convert(value) for value in values]
