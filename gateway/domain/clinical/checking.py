"""A source row into a checked one, or into problems with line, column, reason and remedy."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from gateway.contract.clinical import RowKind
from gateway.domain.clinical.cells import given, to_whole
from gateway.domain.clinical.codelists import CodeLists
from gateway.domain.clinical.columns import COLUMNS, DATE_COLUMN, Column
from gateway.domain.clinical.problems import CellError, Problem, TableError
from gateway.domain.clinical.table import SourceRow

ITEM = re.compile(r"q_?0*([1-9]\d*)([a-z]?)")
EARLIEST: Final = date(1950, 1, 1)
_ANSWER = to_whole(0, 1000)


@dataclass(frozen=True)
class CheckedRow:
    """A row that means something. Still identified: no repr, and it never leaves the centre."""

    kind: RowKind
    line: int
    patient_id: str = field(repr=False)
    on: date = field(repr=False)
    values: Mapping[str, object] = field(repr=False)
    answers: Mapping[str, int | None] = field(default_factory=dict, repr=False)


def check_header(kind: RowKind, columns: Iterable[str], lists: CodeLists) -> tuple[str, ...]:
    """Return the columns that will be dropped (free text and what else is not on the list).

    Raises
    ------
    TableError
        If a required column is missing.
    """
    present = set(columns)
    missing = [c.name for c in COLUMNS[kind] if c.required and c.name not in present]
    if missing:
        raise TableError(
            f"{len(missing)} required columns are missing: {', '.join(missing)}",
            "name them in the header; `kasari clinical map` helps with a file of another form",
            missing[0],
        )
    known = {c.name for c in COLUMNS[kind]}
    return tuple(sorted(c for c in present - known if _item(kind, c, lists) is None))


def check_row(
    kind: RowKind, row: SourceRow, lists: CodeLists, today: date
) -> CheckedRow | list[Problem]:
    """Check one row. `today` bounds every date from above."""
    problems: list[Problem] = []
    values: dict[str, object] = {}
    for column in COLUMNS[kind]:
        value = _cell(row, column, problems)
        if value is not None:
            values[column.name] = value
    problems += _dates(row.line, values, today)
    answers: dict[str, int | None] = {}
    if not problems and kind is RowKind.TOXICITY:
        problems += _grade(row.line, values, lists)
    if not problems and kind is RowKind.PROM:
        problems += _answers(row, values, answers, lists)
    if problems:
        return problems
    patient, on = str(values.pop("patient_id")), values.pop(DATE_COLUMN[kind])
    assert isinstance(on, date)  # noqa: S101 - the parser of that column gives nothing else
    return CheckedRow(kind, row.line, patient, on, values, answers)


def _cell(row: SourceRow, column: Column, problems: list[Problem]) -> object:
    text = given(row.cells.get(column.name, ""))
    if text is None:
        if column.required:
            problems.append(Problem(row.line, column.name, "the cell is empty", "fill it in"))
        return None
    try:
        return column.parse(text)
    except CellError as error:
        problems.append(Problem(row.line, column.name, error.reason, error.mend))
        return None


def _dates(line: int, values: Mapping[str, object], today: date) -> Iterable[Problem]:
    born = values.get("birth_date")
    for name, value in values.items():
        if not isinstance(value, date):
            continue
        # A treatment may be booked ahead; nothing else can lie in the future.
        latest = today + timedelta(days=366) if name in {"rt_start", "rt_end"} else today
        if value > latest:
            yield Problem(line, name, "this day is in the future", "correct the date")
        elif name != "birth_date" and value < EARLIEST:
            yield Problem(line, name, "this day is before 1950", "correct the date")
        elif isinstance(born, date) and name != "birth_date" and value < born:
            yield Problem(line, name, "this day is before the birth date", "correct one of the two")


def _grade(line: int, values: dict[str, object], lists: CodeLists) -> Iterable[Problem]:
    version = _version(str(values["ctcae_version"]))
    terms = lists.ctcae.get(version)
    if terms is None:
        known = ", ".join(lists.ctcae)
        yield Problem(line, "ctcae_version", "no such CTCAE version here", f"give one of {known}")
        return
    term = terms.get(str(values["term"]).casefold())
    if term is None:
        mend = f"write the term as CTCAE v{version} does"
        yield Problem(line, "term", f"CTCAE v{version} has no such term", mend)
        return
    code, grade = values.get("meddra_code"), values["grade"]
    if code is not None and code != term.code:
        reason = f"{term.term} has the code {term.code} in CTCAE v{version}"
        yield Problem(line, "meddra_code", reason, "correct the code or the term")
    if grade != 0 and grade not in term.grades:
        possible = ", ".join(str(g) for g in sorted(term.grades))
        reason = f"{term.term} has no grade {grade} in CTCAE v{version}; it has {possible}"
        yield Problem(line, "grade", reason, "grade it again; it is not converted here")
    values |= {"ctcae_version": version, "term": term.term, "meddra_code": term.code}


def _version(text: str) -> str:
    number = text.lower().removeprefix("ctcae").strip().removeprefix("v").strip().replace(",", ".")
    return {"4": "4.03", "4.0": "4.03", "5": "5.0", "6": "6.0"}.get(number, number)


def _answers(
    row: SourceRow, values: dict[str, object], answers: dict[str, int | None], lists: CodeLists
) -> Iterable[Problem]:
    instrument = lists.instrument(str(values["instrument"]))
    if instrument is None:
        known = ", ".join(lists.instruments)
        yield Problem(row.line, "instrument", "no such instrument here", f"give one of {known}")
        return
    questionnaire = lists.instruments[instrument]
    values["instrument"] = instrument
    values.setdefault("instrument_version", questionnaire.version)
    unknown: list[str] = []
    for column, cell in row.cells.items():
        code = _item(RowKind.PROM, column, lists)
        text = given(cell) if code else None
        if code is None or text is None:
            continue
        if code not in questionnaire.answers:
            unknown.append(code)
            continue
        try:
            answers[code] = _answer(text, questionnaire.answers[code])
        except CellError as error:
            yield Problem(row.line, column, error.reason, error.mend)
    if unknown:
        reason = f"{instrument} has no items {', '.join(unknown)}"
        yield Problem(row.line, unknown[0], reason, "correct the instrument or the item codes")
    if not answers:
        yield Problem(row.line, "instrument", "no item is answered", "leave the row out")
    # In the questionnaire's order, so that sources with other column orders say the same.
    found = dict(answers)
    answers.clear()
    answers.update({code: found.get(code) for code in questionnaire.answers})


def _answer(text: str, possible: frozenset[int]) -> int:
    number = _ANSWER(text)
    if number not in possible:
        span = f"{min(possible)} to {max(possible)}"
        raise CellError(f"{number} is not an answer to this item", f"give {span}")
    return number


def _item(kind: RowKind, column: str, lists: CodeLists) -> str | None:
    """Return the item code that a column holds: `Q01` is q1, `q4A` is q4a, `vas` is vas."""
    if kind is not RowKind.PROM:
        return None
    match = ITEM.fullmatch(column)
    if match:
        return f"q{match[1]}{match[2]}"
    return column if any(column in q.answers for q in lists.instruments.values()) else None
