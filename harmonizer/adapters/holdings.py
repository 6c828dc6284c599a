"""What the archive has of patients who withdrew, in SQL."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine, exists, func, or_
from sqlmodel import Session, col, delete, select, update

from gateway.contract.clinical import WithdrawalReceipt
from harmonizer.adapters.clinical_records import KINDS, delete_rows
from harmonizer.adapters.database import chunks, one_writer, reading
from harmonizer.adapters.exports import (
    exports_of,
    flagged,
    keep_taken,
    taken_of,
)
from harmonizer.adapters.tables.clinical import WithdrawnPatientTable
from harmonizer.adapters.tables.studies import (
    CourseInstanceTable,
    CourseStudyTable,
    CourseTable,
    FindingTable,
    InstanceTable,
    MetricTable,
    StructureTable,
    StudyTable,
    SubmissionTable,
    key_of,
)
from harmonizer.adapters.tables.work import WorkTable
from harmonizer.domain.access import FlaggedExport
from harmonizer.domain.studies import MADE_HERE, InstanceKey

OF_COURSES: Final = (
    StructureTable,
    MetricTable,
    FindingTable,
    CourseStudyTable,
    CourseInstanceTable,
    CourseTable,
    SubmissionTable,
)
"""What hangs on a course, what refers to others first."""
NOTHING: Final = ""
"""The digest of an instance that is not admitted any more: no bytes have it."""


class SqlHoldings:
    """The `Holdings` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def unfinished(self, national_ids: Collection[str] | None = None) -> Sequence[str]:
        # a study or row beside a receipt: it was coming in while its patient was erased
        who = col(WithdrawnPatientTable.national_id)
        rows = [exists().where(table.c.national_id == who) for table, _ in KINDS.values()]
        query = select(WithdrawnPatientTable.national_id).where(
            col(WithdrawnPatientTable.erased_at).is_(None)
            | exists().where(col(StudyTable.national_id) == who)
            | or_(*rows)
        )
        with Session(self._reading) as session:
            waiting = sorted(session.exec(query))
        return [one for one in waiting if national_ids is None or one in national_ids]

    def withdrawn(self) -> Sequence[str]:
        with Session(self._reading) as session:
            return list(session.exec(select(WithdrawnPatientTable.national_id)))

    def reopen(self, national_ids: Collection[str]) -> None:
        with Session(self._engine) as session:
            for part in chunks(sorted(national_ids)):
                which = col(WithdrawnPatientTable.national_id).in_(part)
                session.exec(update(WithdrawnPatientTable).where(which).values(erased_at=None))
            session.commit()

    def close(self, national_id: str) -> Sequence[InstanceKey]:
        theirs = select(StudyTable.study_instance_uid).where(StudyTable.national_id == national_id)
        within = col(InstanceTable.study_instance_uid).in_(theirs)
        with Session(self._engine) as session:
            session.exec(update(InstanceTable).where(within).values(sha256=NOTHING))
            rows = session.exec(select(InstanceTable).where(within))
            keys = [key_of(row, national_id) for row in rows]
            session.commit()
            return keys

    def forget(self, national_id: str, at: datetime) -> None:
        with Session(self._reading) as session:
            taken = taken_of(session, national_id)  # it may take long, and waits for nobody
        with Session(self._engine) as session:
            one_writer(session.connection(), "withdrawn_patient")
            courses = list(
                session.exec(
                    select(SubmissionTable.course_uid)
                    .where(SubmissionTable.national_id == national_id)
                    .distinct()
                )
            )
            for course_uid in courses:
                for table in OF_COURSES:
                    session.exec(delete(table).where(col(table.course_uid) == course_uid))
                session.exec(delete(WorkTable).where(col(WorkTable.subject) == course_uid))
            instances = _forget_studies(session, national_id)
            receipt = session.get_one(WithdrawnPatientTable, national_id)
            receipt.rows += delete_rows(session.connection(), national_id)
            receipt.courses += len(courses)
            receipt.instances += instances
            receipt.erased_at = at
            keep_taken(session, receipt, taken)
            session.add(receipt)
            session.commit()

    def receipts(self, centre: str) -> Sequence[WithdrawalReceipt]:
        query = (
            select(WithdrawnPatientTable)
            .where(WithdrawnPatientTable.centre == centre)
            .order_by(col(WithdrawnPatientTable.withdrawn_at), WithdrawnPatientTable.national_id)
        )
        with Session(self._reading) as session:
            rows = session.exec(query).all()
            exports = exports_of(session, [row.national_id for row in rows])
            return [
                WithdrawalReceipt(
                    national_id=row.national_id,
                    withdrawn_at=row.withdrawn_at.replace(tzinfo=UTC),
                    erased_at=row.erased_at,
                    rows=row.rows,
                    courses=row.courses,
                    instances=row.instances,
                    exports=tuple(exports.get(row.national_id, ())),
                    more_exports=row.more_exports,
                )
                for row in rows
            ]

    def exports(self) -> Sequence[FlaggedExport]:
        with Session(self._reading) as session:
            return flagged(session)

    def lift(self, national_ids: Collection[str], centre: str) -> int:
        with Session(self._engine) as session:
            lifted = 0
            for national_id in sorted(set(national_ids)):
                row = session.get(WithdrawnPatientTable, national_id)
                if row is not None and row.centre == centre:
                    session.delete(row)
                    lifted += 1
            session.commit()
            return lifted


def _forget_studies(session: Session, national_id: str) -> int:
    theirs = select(StudyTable.study_instance_uid).where(StudyTable.national_id == national_id)
    within = col(InstanceTable.study_instance_uid).in_(theirs)
    sent = select(func.count()).select_from(InstanceTable)
    sent = sent.where(within, col(InstanceTable.centre) != MADE_HERE)
    count = int(session.exec(sent).one())
    session.exec(delete(InstanceTable).where(within))
    session.exec(delete(StudyTable).where(col(StudyTable.national_id) == national_id))
    return count
