"""Requests for storage commitment in SQL, and what the archive has confirmed."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select, update
from sqlmodel.sql.expression import SelectOfScalar

from gateway.adapters.database import chunks, not_between, reading
from gateway.adapters.tables.courses import CourseRow, ReceiptRow, SubmissionRow
from gateway.adapters.tables.index import InstanceRow
from gateway.adapters.tables.senders import CommitmentRow
from gateway.domain.courses import InstanceState
from gateway.domain.dicomnet import LONGEST_RETRY, Kept
from gateway.ports import OpenRequest


class SqlCommitments:
    """The `Commitments` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def add(self, request: OpenRequest) -> None:
        with Session(self._engine) as session:
            session.merge(CommitmentRow(**vars(request), next_try_at=request.requested_at))
            session.commit()

    def due(self, now: datetime) -> list[OpenRequest]:
        query = select(CommitmentRow).where(
            not_between(CommitmentRow.next_try_at, now, now + LONGEST_RETRY)
        )
        with Session(self._reading) as session:
            return [
                OpenRequest(row.key, row.aet, row.requested_at, row.attempts, row.sealed)
                for row in session.exec(query)
            ]

    def postpone(self, key: str, until: datetime, attempts: int) -> None:
        change = update(CommitmentRow).where(col(CommitmentRow.key) == key)
        with Session(self._engine) as session:
            session.exec(change.values(next_try_at=until, attempts=attempts))
            session.commit()

    def done(self, key: str) -> None:
        with Session(self._engine) as session:
            session.exec(delete(CommitmentRow).where(col(CommitmentRow.key) == key))
            session.commit()

    def kept(self, site_uids: Collection[str]) -> dict[str, Kept]:
        found: dict[str, Kept] = {}
        with Session(self._reading) as session:
            for part in chunks(site_uids):
                for uid, sop_class, state, delivered_at, differs in session.exec(_known(part)):
                    # gone in conflict: the archive has another content than the last that came
                    gone = state == InstanceState.GONE
                    read_back = gone and delivered_at is not None and not differs
                    if read_back or not gone:
                        found[uid] = Kept(sop_class, verified=read_back)
                for uid in session.exec(_verified(part)):
                    found[uid] = Kept(found[uid].sop_class_uid, verified=True)
        return found


def _known(uids: list[str]) -> Any:
    """Ask what is indexed under these names: what is gone first, so that what is here counts."""
    columns: Any = (
        InstanceRow.sop_instance_uid,
        InstanceRow.sop_class_uid,
        InstanceRow.state,
        InstanceRow.delivered_at,
        InstanceRow.differs,
    )
    of_them = select(*columns).where(col(InstanceRow.sop_instance_uid).in_(uids))
    return of_them.order_by(InstanceRow.state != InstanceState.GONE)


def _verified(uids: list[str]) -> SelectOfScalar[str]:
    """Ask which were read back in the version of their course that the archive holds."""
    return (
        select(InstanceRow.sop_instance_uid)
        .join(ReceiptRow, col(ReceiptRow.orthanc_id) == col(InstanceRow.orthanc_id))
        .join(SubmissionRow, col(SubmissionRow.id) == col(ReceiptRow.submission_id))
        .join(CourseRow, col(CourseRow.id) == col(SubmissionRow.course_id))
        .where(
            col(InstanceRow.sop_instance_uid).in_(uids),
            InstanceRow.state == InstanceState.PRESENT,
            col(ReceiptRow.verified_at).is_not(None),
            SubmissionRow.version == CourseRow.delivered_version,
        )
    )
