"""What readers took away of patients who withdrew, from the audit trail, and kept with them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Table, func, or_
from sqlalchemy import select as of_table
from sqlmodel import Session, col, select

from gateway.contract.clinical import Export
from harmonizer.adapters.clinical_records import held_since
from harmonizer.adapters.database import chunks
from harmonizer.adapters.tables.clinical import WithdrawnExportTable, WithdrawnPatientTable
from harmonizer.adapters.tables.studies import StudyTable, SubmissionTable
from harmonizer.adapters.tables.work import AuditTable
from harmonizer.domain.access import (
    LONGEST_EXPORT,
    MOST_TOLD,
    OF_COURSE,
    OF_EVERYBODY,
    OF_STUDY,
    FlaggedExport,
    Taken,
    gathered,
)

events: Table = AuditTable.__table__  # type: ignore[attr-defined]
kept: Table = WithdrawnExportTable.__table__  # type: ignore[attr-defined]
WHAT: Final = (events.c.caller, events.c.action, events.c.subject)
SHOWN: Final = 1000
"""Of the list for the administrator, the latest."""


def taken_of(session: Session, national_id: str) -> list[Taken]:
    """Return what readers took while it could hold data of the patient, the latest first."""
    patient = session.get_one(WithdrawnPatientTable, national_id)
    known = (patient.held_since, held_since(session.connection(), national_id))
    begun = min((at for at in known if at is not None), default=None)
    if begun is None:  # there was never anything that a reader could see
        return []
    since = begun - LONGEST_EXPORT
    return gathered(
        Taken(*row)
        for which in _that_may_hold(session, patient)
        for row in session.connection().execute(
            of_table(*WHAT, func.count(), func.max(events.c.at))
            .where(which, events.c.at >= since)
            .group_by(*WHAT)
        )
    )


def keep_taken(session: Session, patient: WithdrawnPatientTable, found: Sequence[Taken]) -> None:
    """Keep what was found with its patient; found once more, it stands there once."""
    for one in found[:MOST_TOLD]:
        session.merge(WithdrawnExportTable(national_id=patient.national_id, **vars(one)))
    patient.more_exports = max(patient.more_exports, len(found) - MOST_TOLD)


def exports_of(session: Session, national_ids: Collection[str]) -> Mapping[str, list[Export]]:
    """Return what is kept of each of these patients, the latest first."""
    found: dict[str, list[Export]] = {}
    for part in chunks(sorted(national_ids)):
        query = select(WithdrawnExportTable)
        query = query.where(col(WithdrawnExportTable.national_id).in_(part))
        for row in session.exec(query.order_by(col(WithdrawnExportTable.last_at).desc())):
            told = row.model_dump(exclude={"national_id", "last_at"})
            at = row.last_at.replace(tzinfo=UTC)
            found.setdefault(row.national_id, []).append(Export(**told, last_at=at))
    return found


def flagged(session: Session) -> list[FlaggedExport]:
    """Return every export that holds data of somebody who withdrew, the latest first."""
    withdrawn = set(session.exec(select(WithdrawnPatientTable.national_id)))
    by_export: dict[tuple[str, str, str], list[tuple[datetime, str]]] = {}
    for row in session.connection().execute(of_table(kept)):
        key = (row.caller, row.action, row.what)
        by_export.setdefault(key, []).append((row.last_at, row.national_id))
    found = [
        FlaggedExport(
            *key,
            max(at for at, _ in of),
            tuple(sorted(who for _, who in of if who in withdrawn)),
            tuple(sorted(who for _, who in of if who not in withdrawn)),
        )
        for key, of in by_export.items()
    ]
    return sorted(found, key=lambda one: one.last_at, reverse=True)[:SHOWN]


def _that_may_hold(session: Session, patient: WithdrawnPatientTable) -> Iterator[Any]:
    action, subject = events.c.action, events.c.subject
    yield action.in_(OF_EVERYBODY) & (events.c.at <= patient.withdrawn_at)
    for part in chunks([patient.national_id, *_courses(session, patient.national_id)]):
        yield action.in_(OF_COURSE) & subject.in_(part)
    for uid in _studies(session, patient.national_id):
        inside = subject.startswith(f"{uid}/", autoescape=True)
        yield action.in_(OF_STUDY) & or_(subject == uid, inside)


def _courses(session: Session, national_id: str) -> list[str]:
    query = select(SubmissionTable.course_uid).where(SubmissionTable.national_id == national_id)
    return sorted(session.exec(query.distinct()))


def _studies(session: Session, national_id: str) -> list[str]:
    query = select(StudyTable.study_instance_uid).where(StudyTable.national_id == national_id)
    return sorted(session.exec(query))
