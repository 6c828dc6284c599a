"""A source row into a checked one, or into problems with line, column, reason and remedy."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from gateway.contract.clinical import RowKind
from gateway.contract.facts import FACTS
from gateway.domain.clinical.codelists import CodeLists
from gateway.domain.clinical.columns import COLUMNS, DATE_COLUMN, Column
from gateway.domain.tabular.cells import given, to_whole
from gateway.domain.tabular.problems import CellError, Problem, TableError
from gateway.domain.tabular.table import SourceRow

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


class RowChecker:
    """Checks the rows of one file. What depends on the header only is worked out once.

    Parameters
    ----------
    columns : Sequence[str]
        The file's header.
    today : date
        Bounds every date from above.

    Raises
    ------
    TableError
        If a required column is missing.
    """

    def __init__(
        self, kind: RowKind, columns: Sequence[str], lists: CodeLists, today: date
    ) -> None:
        self._kind = kind
        self._lists = lists
        self._today = today
        present = set(columns)
        missing = [c.name for c in COLUMNS[kind] if c.required and c.name not in present]
        if missing:
            raise TableError(
                f"{len(missing)} required columns are missing: {', '.join(missing)}",
                "name them in the header; `kasari clinical map` helps with a file of another form",
                missing[0],
            )
        self._columns = [c for c in COLUMNS[kind] if c.name in present]
        known = {c.name for c in COLUMNS[kind]}
        free = [c for c in columns if c not in known]
        self._items = {c: item for c in free if (item := _item(kind, c, lists)) is not None}
        self.dropped = tuple(sorted(c for c in free if c not in self._items))
        """Columns that do not leave the centre: free text and what else is not on the list."""
        self._instruments: dict[str, str | None] = {}

    def check(self, row: SourceRow) -> CheckedRow | list[Problem]:
        """Return what the row means, or everything that is wrong with it."""
        if row.beyond:
            return [row.too_long]
        problems: list[Problem] = []
        values: dict[str, object] = {}
        for column in self._columns:
            value = _cell(row, column, problems)
            if value is not None:
                values[column.name] = value
        problems += _dates(row.line, values, self._today)
        answers: dict[str, int | None] = {}
        if not problems and self._kind is RowKind.TOXICITY:
            problems += _grade(row.line, values, self._lists)
        if not problems and self._kind is RowKind.PROM:
            problems += self._answers(row, values, answers)
        if not problems and self._kind in FACTS:
            trouble = FACTS[self._kind].trouble(values)
            problems += [Problem(row.line, *trouble)] if trouble else []
        if problems:
            return problems
        patient, on = str(values.pop("patient_id")), values.pop(DATE_COLUMN[self._kind])
        assert isinstance(on, date)  # noqa: S101 - that column's parser gives nothing else
        return CheckedRow(self._kind, row.line, patient, on, values, answers)

    def _answers(
        self, row: SourceRow, values: dict[str, object], answers: dict[str, int | None]
    ) -> list[Problem]:
        """Fill `answers` in the questionnaire's order, so that other column orders say the same."""
        instrument = self._instrument(str(values["instrument"]))
        if instrument is None:
            mend = f"give one of {', '.join(self._lists.instruments)}"
            return [Problem(row.line, "instrument", "no such instrument here", mend)]
        questionnaire = self._lists.instruments[instrument]
        values["instrument"] = instrument
        values.setdefault("instrument_version", questionnaire.version)
        found: dict[str, int] = {}
        problems: list[Problem] = []
        unknown: list[str] = []
        for column, code in self._items.items():
            text = row.cells[column]
            plain = questionnaire.plain.get((code, text))
            if plain is not None:
                found[code] = plain
                continue
            if given(text) is None:
                continue
            possible = questionnaire.answers.get(code)
            if possible is None:
                unknown.append(code)
                continue
            try:
                found[code] = _answer(text, possible)
            except CellError as error:
                problems.append(Problem(row.line, column, error.reason, error.mend))
        if unknown:
            reason = f"{instrument} has no items {', '.join(unknown)}"
            mend = "correct the instrument or the item codes"
            problems.append(Problem(row.line, unknown[0], reason, mend))
        if not problems:
            problems += _presence(row.line, bool(found), bool(values.get("not_answered")))
        answers.update({code: found.get(code) for code in questionnaire.answers})
        return problems

    def _instrument(self, name: str) -> str | None:
        if name not in self._instruments:
            self._instruments[name] = self._lists.instrument(name)
        return self._instruments[name]


def _presence(line: int, answered: bool, excused: bool) -> Iterable[Problem]:
    """Either it is answered, or it says why not."""
    if not answered and not excused:
        mend = "leave the row out, or say why in a column not_answered"
        yield Problem(line, "instrument", "no item is answered", mend)
    if answered and excused:
        mend = "empty the one or the other"
        yield Problem(line, "not_answered", "it is answered, and says why it is not", mend)


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
