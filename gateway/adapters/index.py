"""The index of what the site store holds, in SQL."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, case, func, null
from sqlmodel import Session, col, delete, select, update
from sqlmodel.sql.expression import SelectOfScalar

from gateway.adapters.database import chunks, reading
from gateway.adapters.tables.index import (
    CursorRow,
    ErasedDayRow,
    InstanceRow,
    SetAsideRow,
)
from gateway.adapters.tables.vault import TombstoneRow
from gateway.contract.manifest import Role
from gateway.domain.courses import Instance, InstanceState, facts_from_json, facts_to_json
from gateway.domain.erasure import ErasureCause
from gateway.ports import CHANGES, Clock, SetAside, StoredInstance

_DUPLICATES, _REVIVED = "duplicates", "revived"
_RECEIVED: Any = (InstanceRow.orthanc_id, InstanceRow.received_at, InstanceRow.sender)
_SEEN: Any = (SetAsideRow.orthanc_id, SetAsideRow.seen_at, SetAsideRow.sender)

_HERE: ColumnElement[bool] = col(InstanceRow.state) != InstanceState.GONE


class SqlIndex:
    """The `Index` port."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._clock = clock

    def known(self, orthanc_ids: Collection[str]) -> dict[str, StoredInstance]:
        found: dict[str, StoredInstance] = {}
        with Session(self._reading) as session:
            for part in chunks(orthanc_ids):
                rows = session.exec(
                    select(InstanceRow).where(col(InstanceRow.orthanc_id).in_(part))
                )
                found.update({row.orthanc_id: _stored(row) for row in rows})
        return found

    def ids(self) -> set[str]:
        with Session(self._reading) as session:
            here = select(InstanceRow.orthanc_id).where(_HERE)
            return set(session.exec(here)) | set(session.exec(select(SetAsideRow.orthanc_id)))

    def places(self, sop_instance_uids: Collection[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        with Session(self._reading) as session:
            for part in chunks(sop_instance_uids):
                query = select(InstanceRow.sop_instance_uid, InstanceRow.orthanc_id).where(
                    col(InstanceRow.sop_instance_uid).in_(part),
                    _HERE,
                )
                found.update(dict(session.exec(query).all()))
        return found

    def put(self, found: Sequence[StoredInstance], cursor: int | None) -> None:
        with Session(self._engine) as session:
            for stored in found:
                session.merge(_row(stored))
                session.exec(delete(SetAsideRow).where(_is_aside(stored.orthanc_id)))
            if cursor is not None:
                session.merge(CursorRow(name=CHANGES, value=str(cursor)))
            session.commit()

    def set_aside(self, aside: SetAside) -> None:
        with Session(self._engine) as session:
            before = session.get(SetAsideRow, aside.orthanc_id)
            seen_at = self._clock.now() if before is None else before.seen_at
            session.merge(SetAsideRow(**vars(aside), seen_at=seen_at))
            session.commit()

    def aside(self, after: str, limit: int) -> list[str]:
        query = select(SetAsideRow.orthanc_id).where(SetAsideRow.orthanc_id > after)
        with Session(self._reading) as session:
            return list(session.exec(query.order_by(SetAsideRow.orthanc_id).limit(limit)))

    def aside_codes(self) -> set[str]:
        with Session(self._reading) as session:
            return set(session.exec(select(SetAsideRow.code).distinct()))

    def aside_of(self, pseudonym: str) -> list[str]:
        query = select(SetAsideRow.orthanc_id).where(SetAsideRow.pseudonym == pseudonym)
        with Session(self._reading) as session:
            return sorted(session.exec(query))

    def gone_of(self, pseudonym: str) -> list[str]:
        query = select(InstanceRow.orthanc_id).where(InstanceRow.pseudonym == pseudonym, ~_HERE)
        with Session(self._reading) as session:
            return sorted(session.exec(query))

    def mark_gone(self, orthanc_ids: Collection[str]) -> set[int]:
        courses: set[int] = set()
        with Session(self._engine) as session:
            for part in chunks(orthanc_ids):
                these = col(InstanceRow.orthanc_id).in_(part)
                lost = col(InstanceRow.delivered_at).is_(None)
                found = session.exec(select(InstanceRow.course_id).where(these, lost).distinct())
                courses.update(course_id for course_id in found if course_id is not None)
                left: Any = case((lost, null()), else_=col(InstanceRow.course_id))
                change = update(InstanceRow).where(these)
                session.exec(change.values(state=InstanceState.GONE, course_id=left))
            session.commit()
        return courses

    def gone(self) -> list[str]:
        lost = ~_HERE & col(InstanceRow.delivered_at).is_(None)
        with Session(self._reading) as session:
            return sorted(session.exec(select(InstanceRow.orthanc_id).where(lost)))

    def forget(
        self, orthanc_ids: Collection[str], why: ErasureCause, of: str | None = None
    ) -> None:
        wanted = set(orthanc_ids)
        counted: Counter[tuple[date, str]] = Counter()
        with Session(self._engine) as session:
            if of is not None:  # in one transaction: killed here, a receipt counts none twice
                _count_for_receipt(session, of, len(wanted))
            for part in chunks(wanted):
                aside = col(SetAsideRow.orthanc_id).in_(part)
                stored = col(InstanceRow.orthanc_id).in_(part)
                # what is indexed and set aside came when it was indexed
                came = _came(session, _SEEN, aside) | _came(session, _RECEIVED, stored)
                counted.update(came.values())
                session.exec(delete(InstanceRow).where(stored))
                session.exec(delete(SetAsideRow).where(aside))
            for (day, sender), count in counted.items():
                _count_erased(session, day, sender, why, count)
            session.commit()

    def cursor(self, name: str) -> str | None:
        with Session(self._reading) as session:
            row = session.get(CursorRow, name)
            return None if row is None else row.value

    def move(self, name: str, value: str) -> None:
        with Session(self._engine) as session:
            session.merge(CursorRow(name=name, value=value))
            session.commit()

    def of_patient(self, pseudonym: str) -> list[StoredInstance]:
        known = _HERE | col(InstanceRow.course_id).is_not(None)
        return self._select((col(InstanceRow.pseudonym) == pseudonym) & known)

    def first_came(self) -> dict[str, datetime]:
        first = func.min(InstanceRow.received_at)
        query = select(InstanceRow.pseudonym, first).where(_HERE)
        with Session(self._reading) as session:
            found = session.exec(query.group_by(col(InstanceRow.pseudonym)))
            return {pseudonym: at.replace(tzinfo=at.tzinfo or UTC) for pseudonym, at in found}

    def here_of(self, pseudonyms: Collection[str]) -> set[str]:
        found: set[str] = set()
        with Session(self._reading) as session:
            for part in chunks(pseudonyms):
                of_them = col(InstanceRow.pseudonym).in_(part)
                found.update(session.exec(select(InstanceRow.pseudonym).where(of_them).distinct()))
                aside = col(SetAsideRow.pseudonym).in_(part)
                found.update(session.exec(select(SetAsideRow.pseudonym).where(aside).distinct()))
        return found

    def others_with(self, study_uids: Collection[str], pseudonym: str) -> set[str]:
        found: set[str] = set()
        with Session(self._reading) as session:
            for part in chunks(study_uids):
                shared = col(InstanceRow.study_instance_uid).in_(part)
                others = InstanceRow.pseudonym != pseudonym
                query = select(InstanceRow.pseudonym).where(shared, others)
                here = query.where(_HERE).distinct()
                found.update(session.exec(here))
        return found

    def unassigned_patients(self) -> list[str]:
        query = (
            select(InstanceRow.pseudonym)
            .where(col(InstanceRow.course_id).is_(None), _HERE)
            .distinct()
        )
        with Session(self._reading) as session:
            return sorted(session.exec(query))

    def counts(self) -> dict[str, int]:
        query = select(InstanceRow.state, func.count()).group_by(InstanceRow.state)
        with Session(self._reading) as session:
            counted = dict(session.exec(query).all())
            aside = session.exec(select(func.count()).select_from(SetAsideRow)).one()
            told = {row.name: int(row.value) for row in session.exec(_counters())}
        return {
            "indexed": sum(counted.values()),
            "conflict": counted.get(InstanceState.CONFLICT, 0),
            "gone": counted.get(InstanceState.GONE, 0),
            "set_aside": aside,
            "duplicate": told.get(_DUPLICATES, 0),
            "revived": told.get(_REVIVED, 0),
        }

    def count_duplicate(self, how_many: int) -> None:
        self._count(_DUPLICATES, how_many)

    def count_revived(self, how_many: int) -> None:
        self._count(_REVIVED, how_many)

    def _count(self, name: str, how_many: int) -> None:
        with Session(self._engine) as session:
            row = session.get(CursorRow, name) or CursorRow(name=name, value="0")
            row.value = str(int(row.value) + how_many)
            session.add(row)
            session.commit()

    def last_came(self) -> datetime | None:
        with Session(self._reading) as session:
            return session.exec(select(func.max(InstanceRow.received_at))).one()

    def _select(self, condition: object) -> list[StoredInstance]:
        query = select(InstanceRow).where(condition).order_by(InstanceRow.orthanc_id)  # type: ignore[arg-type]
        with Session(self._reading) as session:
            return [_stored(row) for row in session.exec(query)]


def _counters() -> SelectOfScalar[CursorRow]:
    return select(CursorRow).where(col(CursorRow.name).in_((_DUPLICATES, _REVIVED)))


def _is_aside(orthanc_id: str) -> ColumnElement[bool]:
    return col(SetAsideRow.orthanc_id) == orthanc_id


def _came(
    session: Session, columns: Any, which: ColumnElement[bool]
) -> dict[str, tuple[date, str]]:
    """Map the store's ids of some instances to the day on which each came, and its sender."""
    return {
        key: (at.date(), sender) for key, at, sender in session.exec(select(*columns).where(which))
    }


def _count_erased(session: Session, day: date, sender: str, why: ErasureCause, count: int) -> None:
    told = session.get(ErasedDayRow, (day, sender, why)) or ErasedDayRow(
        day=day, sender=sender, why=why, count=0
    )
    told.count += count
    session.add(told)


def _count_for_receipt(session: Session, pseudonym: str, instances: int) -> None:
    stone = session.get(TombstoneRow, pseudonym) or TombstoneRow(pseudonym=pseudonym)
    stone.instances += instances
    session.add(stone)


def _row(stored: StoredInstance) -> InstanceRow:
    instance = stored.instance
    return InstanceRow(
        orthanc_id=stored.orthanc_id,
        sop_instance_uid=instance.sop_instance_uid,
        sop_class_uid=instance.sop_class_uid,
        series_instance_uid=instance.series_instance_uid,
        study_instance_uid=instance.study_instance_uid,
        pseudonym=instance.pseudonym,
        modality=instance.modality,
        role=instance.role.value,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        references=list(instance.references),
        frame_uids=list(instance.frame_uids),
        facts=facts_to_json(instance.facts),
        state=stored.state,
        course_id=stored.course_id,
        sender=stored.sender,
        received_at=stored.received_at,
        apart=stored.apart,
        delivered_at=stored.delivered_at,
        differs=list(stored.differs),
    )


def _stored(row: InstanceRow) -> StoredInstance:
    return StoredInstance(
        orthanc_id=row.orthanc_id,
        instance=Instance(
            sop_instance_uid=row.sop_instance_uid,
            sop_class_uid=row.sop_class_uid,
            series_instance_uid=row.series_instance_uid,
            study_instance_uid=row.study_instance_uid,
            pseudonym=row.pseudonym,
            modality=row.modality,
            role=Role(row.role),
            references=tuple(row.references),
            frame_uids=tuple(row.frame_uids),
            facts=facts_from_json(row.facts),
        ),
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        received_at=row.received_at,
        state=InstanceState(row.state),
        course_id=row.course_id,
        sender=row.sender,
        apart=row.apart,
        delivered_at=row.delivered_at,
        differs=tuple(row.differs),
    )
