"""Reading a consent list (CSV): every problem is reported with its line, or nothing is wrong.

A problem names the line and the column, never the value.
"""

import csv
import re
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import date
from io import StringIO

from gateway.domain.consent.ledger import Consent, ConsentStatus

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
_ICD10 = re.compile(r"^[A-Z]\d{2}(\.?\d{1,3})?$")
_HETU = re.compile(r"^(\d{6})[-+ABCDEFYXWVU](\d{3})([0-9A-Z])$")
_HETU_CHECKS = "0123456789ABCDEFHJKLMNPRSTUVWXY"


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
class RowProblem:
    line: int
    """1 is the header."""
    column: str
    reason: str
    mend: str


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
    problems: tuple[RowProblem, ...]
    not_taken: tuple[RowProblem, ...] = ()
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
    """Parse a consent list: UTF-8 with or without BOM, comma or semicolon, header in line 1.

    A consent has to be of a scope that counts; what restricts one counts whatever the scope says:
    the list was written for this archive.
    """
    try:
        content = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        problem = RowProblem(1, "", "the file is not UTF-8", "save it as CSV UTF-8")
        return Sheet((), (problem,))
    header = content.partition("\n")[0]
    separator = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(StringIO(content), delimiter=separator, restkey="+")
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
    absent = [name for name in _NEEDED if name not in reader.fieldnames]
    if absent:
        mend = f"the header must name {','.join(COLUMNS)}"
        return Sheet((), tuple(RowProblem(1, name, "column is missing", mend) for name in absent))
    return _read_rows(reader, rules)


def _read_rows(reader: "csv.DictReader[str]", rules: ListRules) -> Sheet:
    rows: list[ConsentRow] = []
    problems: list[RowProblem] = []
    not_taken: list[RowProblem] = []
    seen: dict[tuple[str, date], int] = {}
    try:
        for cells in reader:
            line = reader.line_num
            try:
                row = _row(line, cells, rules)
                granted = row.consent.status is ConsentStatus.GRANTED
                if granted and not rules.takes(row.consent.scope):
                    not_taken.append(not_of_scope(line, "scope"))
                    continue
                first = seen.setdefault((row.patient_id, row.consent.given_on), line)
                if first != line:
                    raise _Refused(
                        "patient_id",
                        f"the same patient and date stand in line {first} already",
                        "keep one statement per patient and day",
                    )
                rows.append(row)
            except _Refused as bad:
                problems.append(RowProblem(line, bad.column, bad.reason, bad.mend))
    except csv.Error:
        problems.append(
            RowProblem(reader.line_num, "", "the line is not CSV", "check its quotation marks")
        )
    return Sheet(tuple(rows), tuple(problems), tuple(not_taken))


def not_of_scope(line: int, column: str) -> RowProblem:
    mend = "nothing, unless it is about this archive: then name its scope in consent_scopes"
    return RowProblem(line, column, "is not a consent to what this centre takes part in", mend)


def _row(line: int, cells: dict[str, str | None], rules: ListRules) -> ConsentRow:
    if "+" in cells:
        raise _Refused("", "more cells than the header has columns", "quote cells with separators")
    get = {name: (cells.get(name) or "").strip() for name in COLUMNS}
    status = status_of(get["status"])
    _check_patient(get["patient_id"])
    version = get["version"]
    if not version and status is ConsentStatus.DECEASED:
        version = NO_FORM
    if not version:
        raise _Refused("version", "is empty", "give the version of the consent form")
    given_on = _day("date", get["date"])
    if given_on > rules.latest:
        raise _Refused("date", LATER, LATER_MEND)
    birth = _day("birth_date", get["birth_date"]) if get["birth_date"] else None
    consent = Consent(status, version, get["scope"] or rules.usual_scope, given_on)
    names = (get["patient_id"], get["family_name"], get["given_name"])
    return ConsentRow(line, *names, birth, consent, *_characteristics(get))


def status_of(text: str) -> ConsentStatus:
    try:
        return ConsentStatus(text.lower())
    except ValueError:
        mend = f"write one of {', '.join(s.value for s in ConsentStatus)}"
        raise _Refused("status", "is not a consent status", mend) from None


def _check_patient(patient_id: str) -> None:
    if not patient_id:
        raise _Refused("patient_id", "is empty", "give the identifier that the TPS sends")
    if not checks(patient_id):
        raise _Refused(
            "patient_id",
            "looks like a personal identity code, but its check character is wrong",
            "compare it with the patient's record",
        )


def _characteristics(get: dict[str, str]) -> tuple[str, str]:
    """Return sex and diagnosis: optional, for counting who takes part."""
    sex, diagnosis = get["sex"].upper()[:1], get["diagnosis"].upper()
    if sex and sex not in "FMO":
        raise _Refused("sex", "is not a sex", "write F, M or O, or leave it empty")
    if diagnosis and not _ICD10.match(diagnosis):
        raise _Refused("diagnosis", "is not an ICD-10 code", "write it as C50.4, or leave it empty")
    return sex, diagnosis


def _day(column: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _Refused(column, "is not a date", "write it as YYYY-MM-DD") from None


def checks(patient_id: str) -> bool:
    """Whether a Finnish personal identity code has its right check character.

    Any other kind of identifier passes. The character is the remainder, by 31, of the nine
    digits read as one number (Digital and Population Data Services Agency).
    """
    match = _HETU.match(patient_id.upper())
    if match is None:
        return True
    return _HETU_CHECKS[int(match[1] + match[2]) % 31] == match[3]
