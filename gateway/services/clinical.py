"""Clinical rows at the centre: import files, forget who withdrew.

Nothing of an import is stored before every row of it is checked, de-identified and compared with
what is there; then all of it is, in one transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from gateway.contract.clinical import RowKind
from gateway.contract.records import WORDS
from gateway.domain.clinical import (
    Addition,
    CheckedRow,
    CodeLists,
    Forgotten,
    Origin,
    Problem,
    RowChecker,
    Stored,
    TableError,
    batch_name,
    deidentify,
    read_table,
)
from gateway.domain.clinical.columns import COLUMNS
from gateway.domain.clinical.sources import READERS, Reader, Section
from gateway.ports import Audit, Clock
from gateway.services.clinical_ports import ClinicalStore, People

FORMS: Final = tuple(READERS)
"""Other systems' exports that are understood."""
LINES_TOLD: Final = 1000


@dataclass(frozen=True)
class ImportOptions:
    """How to import."""

    source: str = "csv"
    """Name of the system that the file is from: it may correct its own rows only."""
    partial: bool = False
    """Store the good rows although others are not; those are held, and listed."""
    check_only: bool = False
    """Do everything but storing."""


DEFAULT: Final = ImportOptions()


@dataclass(frozen=True)
class ImportResult:
    """What an import did. With problems and without `partial`, it did nothing."""

    rows: int
    stored: int = 0
    unchanged: int = 0
    superseded: int = 0
    held: int = 0
    skipped: int = 0
    """Rows of patients without a consent in force here, unknown ones included."""
    skipped_lines: tuple[int, ...] = ()
    dropped_columns: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class _Sorted:
    """The rows of a file as they fall out of the checks."""

    additions: list[Addition] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)


class ClinicalService:
    """Use cases of the centre's clinical rows.

    Parameters
    ----------
    key : bytes
        The centre's secret that keys row identities.
    """

    def __init__(
        self,
        store: ClinicalStore,
        people: People,
        lists: CodeLists,
        clock: Clock,
        audit: Audit,
        key: bytes,
        readers: Mapping[str, Reader] = READERS,
    ) -> None:
        self._store = store
        self._people = people
        self._lists = lists
        self._clock = clock
        self._audit = audit
        self._key = key
        self._readers = readers

    def import_file(
        self,
        word: str,
        data: bytes,
        caller: str,
        options: ImportOptions = DEFAULT,
        *,
        first_line: int = 2,
    ) -> ImportResult:
        """Import a file of one of our kinds (`WORDS`), or another system's export (`FORMS`).

        `first_line`: see `read_table`.
        """
        if not options.check_only:
            self._audit.record("clinical-import", caller, "-", f"{word}, {options.source}")
        try:
            if word in self._readers:
                sections = self._readers[word](data, self._lists)
            else:
                sections = [_own(WORDS[word], data, first_line)]
        except TableError as error:
            return ImportResult(rows=0, problems=(error.problem,))
        if options.check_only:  # what it answers tells who takes part
            lines = sum(len(section.table.rows) for section in sections)
            self._audit.record("clinical-check", caller, "-", f"{word}, {lines} lines")
        form = word if word in self._readers else "csv"
        batch = batch_name(self._key, data)
        origin = Origin(options.source, form, self._lists.fingerprint, batch)
        return self._import(sections, options, origin)

    def _import(
        self, sections: Sequence[Section], options: ImportOptions, origin: Origin
    ) -> ImportResult:
        """Check, de-identify and store all rows of a file, in one transaction."""
        now = self._clock.now()
        checked: list[CheckedRow | list[Problem]] = []
        dropped: set[str] = set()
        for section in sections:
            try:
                checker = RowChecker(section.kind, section.table.columns, self._lists, now.date())
            except TableError as error:
                return ImportResult(rows=len(section.table.rows), problems=(error.problem,))
            dropped.update(checker.dropped)
            checked += [checker.check(row) for row in section.table.rows if not row.is_empty]
            checked += [[problem] for problem in section.problems]
        found = self._deidentified(checked, origin)
        stored, problems = self._stored(found, options, now)
        skipped = sorted([*found.skipped, *stored.skipped])
        held = {problem.line for problem in problems} if options.partial else set()
        if held and not options.check_only:
            by_line = {n: [p for p in problems if p.line == n] for n in sorted(held)}
            self._store.hold(options.source, by_line, now)
        return ImportResult(
            rows=len(checked),
            stored=stored.stored,
            unchanged=stored.unchanged,
            superseded=stored.superseded,
            held=len(held),
            skipped=len(skipped),
            skipped_lines=tuple(skipped[:LINES_TOLD]),
            dropped_columns=tuple(sorted(dropped)),
            problems=tuple(sorted(problems, key=lambda p: p.line)),
        )

    def _stored(
        self, found: _Sorted, options: ImportOptions, now: datetime
    ) -> tuple[Stored, list[Problem]]:
        blocked = bool(found.problems) and not options.partial
        dry = options.check_only or blocked
        stored = self._store.add(found.additions, now, dry=dry)
        problems = [*found.problems, *stored.disagreements]
        if stored.disagreements and options.partial:
            disputed = {problem.line for problem in stored.disagreements}
            agreed = [a for a in found.additions if a.line not in disputed]
            stored = self._store.add(agreed, now, dry=dry)
        return (stored if options.partial or not problems else Stored()), problems

    def _deidentified(self, rows: Sequence[CheckedRow | list[Problem]], origin: Origin) -> _Sorted:
        good = [row for row in rows if isinstance(row, CheckedRow)]
        people = self._people.consented({row.patient_id for row in good})
        gone = self._store.forgotten()
        found = _Sorted(problems=[p for row in rows if isinstance(row, list) for p in row])
        said: dict[str, list[Addition]] = {}
        for row in good:
            person = people.get(row.patient_id)
            if person is None or person.pseudonym in gone:
                found.skipped.append(row.line)
                continue
            travels = deidentify(row, person, self._key, origin)
            if isinstance(travels, Problem):
                found.problems.append(travels)
                continue
            digest = travels.digest()
            same = said.setdefault(travels.row_key, [])
            if all(one.digest != digest for one in same):
                same.append(Addition(row.kind, person.pseudonym, travels, row.line, digest))
        for versions in said.values():
            if len(versions) == 1:
                found.additions += versions
            else:  # nobody can tell which one is right, so none of them is taken
                found.problems += _contradiction([one.line for one in versions])
        return found

    def counts(self) -> dict[str, int]:
        """Rows by state: waiting, sending, sent, refused, withheld, superseded, held."""
        return self._store.counts()

    def withdrawals(self) -> list[dict[str, Any]]:
        """Return each withdrawal: what was deleted here, and what the archive says it deleted."""
        return [
            {
                "rows": one.rows,
                "deleted_at": one.deleted_at.isoformat(),
                "archive_told_at": one.told_at.isoformat() if one.told_at else None,
                "archive": one.receipt.model_dump(mode="json", exclude={"national_id"})
                if one.receipt
                else None,
            }
            for one in sorted(self._store.forgotten().values(), key=lambda one: one.deleted_at)
        ]

    def forgotten(self) -> Mapping[str, Forgotten]:
        """Return every deletion of rows that stands, by pseudonym."""
        return self._store.forgotten()

    def tell_again(self, pseudonym: str) -> None:
        """Forget the archive's answer to a deletion, and tell it once more."""
        self._store.tell_again([pseudonym])

    def forget(self, pseudonyms: Iterable[str]) -> int:
        """Delete the rows of these patients, late ones too. Returns how many."""
        people, now = set(pseudonyms), self._clock.now()
        due = people - self._store.forgotten().keys() | self._store.here_of(people)
        return sum(self._store.forget(pseudonym, now) for pseudonym in sorted(due))

    def forget_withdrawn(self) -> int:
        """Delete the rows of everybody who withdrew since the last time. Returns how many."""
        return self.forget(self._people.withdrawn())


def _own(kind: RowKind, data: bytes, first_line: int) -> Section:
    known = [column.name for column in COLUMNS[kind]]
    return Section(kind, read_table(data, first_line, keep_long=True, known=known))


def _contradiction(lines: Sequence[int]) -> Iterable[Problem]:
    for number, line in enumerate(lines):
        other = lines[0] if number else lines[1]
        reason = f"says something else than line {other} about the same patient and day"
        yield Problem(line, "", reason, "keep the right one")
