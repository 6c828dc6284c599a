"""Reading a consent list (CSV): every problem is reported with its line, or nothing is wrong.

A problem names the line and the column, never the value.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from gateway.contract.facts import ICD10
from gateway.domain.consent.ledger import Consent, ConsentStatus
from gateway.domain.identity import has_wrong_check
from gateway.domain.tabular.cells import matching, to_date
from gateway.domain.tabular.problems import CellError, Problem, TableError
from gateway.domain.tabular.table import SourceRow, read_table

T = TypeVar("T")

COLUMNS = (
    "patient_id",
    "family_name",
    "given_name",
    "birth_date",
    "status",
    "version",
    "scope",
    "date",
    "sex",
    "diagnosis",
)
RESEARCH = "research"
NO_FORM = "none"
"""The version where no form was signed."""
LATER = "lies in the future"
LATER_MEND = "give the day on which it was said"
_NEEDED = ("patient_id", "status", "version", "date")
_to_icd10 = matching(ICD10, "an ICD-10 code", "C50.4, or leave it empty")


@dataclass(frozen=True)
class ListRules:
    """What a centre takes of a list."""

    latest: date
    """Nothing can have been said after it: a later date is a slip of the pen."""
    scopes: Set[str] = frozenset({RESEARCH})
    """A consent to something else, to the treatment for instance, is none."""
    identifier_system: str = ""
    """FHIR: of these identifiers is the patient's number; empty for any."""

    def takes(self, scope: str) -> bool:
        return scope.casefold() in self.scopes

    @property
    def usual_scope(self) -> str:
        """Of a line that names none."""
        return RESEARCH if RESEARCH in self.scopes else min(self.scopes)


@dataclass(frozen=True)
class ConsentRow:
    """One line of a consent list. Its `repr` shows no identifier."""

    line: int
    patient_id: str = field(repr=False)
    family_name: str = field(repr=False)
    given_name: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    consent: Consent
    sex: str = field(default="", repr=False)
    diagnosis: str = field(default="", repr=False)


@dataclass(frozen=True)
class Sheet:
    """Everything that a list says, with what is wrong with it."""

    rows: tuple[ConsentRow, ...]
    problems: tuple[Problem, ...]
    not_taken: tuple[Problem, ...] = ()
    """Right, but of a scope that does not count: of these nothing is imported."""

    @property
    def lines(self) -> int:
        return len(self.rows) + len(self.problems) + len(self.not_taken)

    def counts(self) -> dict[str, int]:
        """Count the good lines by status."""
        return dict(Counter(row.consent.status.value for row in self.rows))


class _Refused(Exception):  # noqa: N818 - not an error of the program: a finding about a cell
    def __init__(self, column: str, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.column, self.reason, self.mend = column, reason, mend


def read_sheet(body: bytes, rules: ListRules) -> Sheet:
    """Parse a consent list, in any form of `read_table`; its rows of empty cells say nothing.

    A consent has to be of a scope that counts; what restricts one counts whatever the scope says:
    the list was written for this archive.
    """
    try:
        table = read_table(body, keep_long=True, known=COLUMNS)
    except TableError as error:
        return Sheet((), (replace(error.problem, line=error.problem.line or 1),))
    absent = [name for name in _NEEDED if name not in table.columns]
    if absent:
        mend = f"the header must name {','.join(COLUMNS)}"
        return Sheet((), tuple(Problem(1, name, "column is missing", mend) for name in absent))
    return _read_rows([row for row in table.rows if not row.is_empty], rules)


def _read_rows(source: Iterable[SourceRow], rules: ListRules) -> Sheet:
    rows: list[ConsentRow] = []
    problems: list[Problem] = []
    not_taken: list[Problem] = []
    seen: dict[tuple[str, date], int] = {}
    for one in source:
        try:
            row = _row(one, rules)
            granted = row.consent.status is ConsentStatus.GRANTED
            if granted and not rules.takes(row.consent.scope):
                not_taken.append(not_of_scope(one.line, "scope"))
                continue
            first = seen.setdefault((row.patient_id, row.consent.given_on), one.line)
            if first != one.line:
                raise _Refused(
                    "patient_id",
                    f"the same patient and date stand in line {first} already",
                    "keep one statement per patient and day",
                )
            rows.append(row)
        except _Refused as bad:
            problems.append(Problem(one.line, bad.column, bad.reason, bad.mend))
    return Sheet(tuple(rows), tuple(problems), tuple(not_taken))


def not_of_scope(line: int, column: str) -> Problem:
    mend = "nothing, unless it is about this archive: then name its scope in consent_scopes"
    return Problem(line, column, "is not a consent to what this centre takes part in", mend)


def _row(row: SourceRow, rules: ListRules) -> ConsentRow:
    if row.beyond:
        raise _Refused("", "more cells than the header has columns", "quote cells with separators")
    get = {name: row.cells.get(name, "") for name in COLUMNS}
    status = status_of(get["status"])
    _check_patient(get["patient_id"])
    version = get["version"]
    if not version and status is ConsentStatus.DECEASED:
        version = NO_FORM
    if not version:
        raise _Refused("version", "is empty", "give the version of the consent form")
    given_on = _parsed("date", to_date, get["date"])
    if given_on > rules.latest:
        raise _Refused("date", LATER, LATER_MEND)
    birth = _parsed("birth_date", to_date, get["birth_date"]) if get["birth_date"] else None
    consent = Consent(status, version, get["scope"] or rules.usual_scope, given_on)
    names = (get["patient_id"], get["family_name"], get["given_name"])
    return ConsentRow(row.line, *names, birth, consent, *_characteristics(get))


def status_of(text: str) -> ConsentStatus:
    try:
        return ConsentStatus(text.lower())
    except ValueError:
        mend = f"write one of {', '.join(s.value for s in ConsentStatus)}"
        raise _Refused("status", "is not a consent status", mend) from None


def _check_patient(patient_id: str) -> None:
    if not patient_id:
        raise _Refused("patient_id", "is empty", "give the identifier that the TPS sends")
    if has_wrong_check(patient_id):
        raise _Refused(
            "patient_id",
            "looks like a personal identity code, but its check character is wrong",
            "compare it with the patient's record",
        )


def _characteristics(get: dict[str, str]) -> tuple[str, str]:
    """Return sex and diagnosis: optional, for counting who takes part."""
    sex, diagnosis = get["sex"].upper()[:1], get["diagnosis"]
    if sex and sex not in "FMO":
        raise _Refused("sex", "is not a sex", "write F, M or O, or leave it empty")
    return sex, _parsed("diagnosis", _to_icd10, diagnosis) if diagnosis else ""


def _parsed(column: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except CellError as error:
        raise _Refused(column, error.reason, error.mend) from None
