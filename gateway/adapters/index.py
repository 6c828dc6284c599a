"""The index of what the site store holds, in SQL."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import Engine, func, update
from sqlmodel import Session, col, delete, select

from gateway.adapters.database import reading
from gateway.adapters.tables.index import CursorRow, ErasedDayRow, InstanceRow, SetAsideRow
from gateway.contract.manifest import Role
from gateway.domain.courses import Instance, facts_from_json, facts_to_json
from gateway.ports import Clock, StoredInstance

CHANGES = "changes"
_DUPLICATES = "duplicates"
_CHUNK = 500


class SqlIndex:
    """The `Index` port."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._clock = clock

    def known(self, orthanc_ids: Collection[str]) -> dict[str, StoredInstance]:
        wanted = sorted(orthanc_ids)
        found: dict[str, StoredInstance] = {}
        with Session(self._reading) as session:
            for start in range(0, len(wanted), _CHUNK):
                part = wanted[start : start + _CHUNK]
                rows = session.exec(
                    select(InstanceRow).where(col(InstanceRow.orthanc_id).in_(part))
                )
                found.update({row.orthanc_id: _stored(row) for row in rows})
        return found

    def ids(self) -> set[str]:
        with Session(self._reading) as session:
            here = select(InstanceRow.orthanc_id).where(InstanceRow.state != "gone")
            return set(session.exec(here)) | set(session.exec(select(SetAsideRow.orthanc_id)))

    def places(self, sop_instance_uids: Collection[str]) -> dict[str, str]:
        wanted = sorted(sop_instance_uids)
        found: dict[str, str] = {}
        with Session(self._reading) as session:
            for start in range(0, len(wanted), _CHUNK):
                query = select(InstanceRow.sop_instance_uid, InstanceRow.orthanc_id).where(
                    col(InstanceRow.sop_instance_uid).in_(wanted[start : start + _CHUNK]),
                    InstanceRow.state != "gone",
                )
                found.update(dict(session.exec(query).all()))
        return found

    def put(self, found: Sequence[StoredInstance], cursor: int | None) -> None:
        with Session(self._engine) as session:
            for stored in found:
                session.merge(_row(stored))
            if cursor is not None:
                session.merge(CursorRow(name=CHANGES, value=str(cursor)))
            session.commit()

    def set_aside(self, orthanc_id: str, code: str, text: str, pseudonym: str) -> None:
        row = SetAsideRow(
            orthanc_id=orthanc_id,
            code=code,
            text=text,
            pseudonym=pseudonym,
            seen_at=self._clock.now(),
        )
        with Session(self._engine) as session:
            session.merge(row)
            session.commit()

    def aside_of(self, pseudonym: str) -> list[str]:
        query = select(SetAsideRow.orthanc_id).where(SetAsideRow.pseudonym == pseudonym)
        with Session(self._reading) as session:
            return sorted(session.exec(query))

    def mark_gone(self, orthanc_ids: Collection[str]) -> None:
        with Session(self._engine) as session:
            for orthanc_id in orthanc_ids:
                row = session.get(InstanceRow, orthanc_id)
                if row is not None:
                    row.state, row.course_id = "gone", None
            session.commit()

    def forget(self, orthanc_ids: Collection[str], why: str) -> None:
        with Session(self._engine) as session:
            for orthanc_id in orthanc_ids:
                row = session.get(InstanceRow, orthanc_id)
                aside = session.get(SetAsideRow, orthanc_id)
                if row is not None:
                    _count_erased(session, row.received_at.date(), row.sender, why)
                elif aside is not None:
                    _count_erased(session, aside.seen_at.date(), "", why)
                session.exec(delete(InstanceRow).where(col(InstanceRow.orthanc_id) == orthanc_id))
                session.exec(delete(SetAsideRow).where(col(SetAsideRow.orthanc_id) == orthanc_id))
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
        return self._select((InstanceRow.pseudonym == pseudonym) & (InstanceRow.state != "gone"))

    def of_course(self, course_id: int) -> list[StoredInstance]:
        return self._select(InstanceRow.course_id == course_id)

    def first_came(self) -> dict[str, datetime]:
        first = func.min(InstanceRow.received_at)
        query = select(InstanceRow.pseudonym, first).where(InstanceRow.state != "gone")
        with Session(self._reading) as session:
            found = session.exec(query.group_by(col(InstanceRow.pseudonym)))
            return {pseudonym: at.replace(tzinfo=at.tzinfo or UTC) for pseudonym, at in found}

    def others_with(self, study_uids: Collection[str], pseudonym: str) -> set[str]:
        wanted = sorted(study_uids)
        found: set[str] = set()
        with Session(self._reading) as session:
            for start in range(0, len(wanted), _CHUNK):
                part = col(InstanceRow.study_instance_uid).in_(wanted[start : start + _CHUNK])
                others = InstanceRow.pseudonym != pseudonym
                query = select(InstanceRow.pseudonym).where(part, others)
                here = query.where(InstanceRow.state != "gone").distinct()
                found.update(session.exec(here))
        return found

    def unassigned_patients(self) -> list[str]:
        query = (
            select(InstanceRow.pseudonym)
            .where(col(InstanceRow.course_id).is_(None), InstanceRow.state != "gone")
            .distinct()
        )
        with Session(self._reading) as session:
            return sorted(session.exec(query))

    def counts(self) -> dict[str, int]:
        query = select(InstanceRow.state, func.count()).group_by(InstanceRow.state)
        with Session(self._reading) as session:
            counted = dict(session.exec(query).all())
            aside = session.exec(select(func.count()).select_from(SetAsideRow)).one()
            duplicates = session.get(CursorRow, _DUPLICATES)
        return {
            "indexed": sum(counted.values()),
            "conflict": counted.get("conflict", 0),
            "gone": counted.get("gone", 0),
            "set_aside": aside,
            "duplicate": int(duplicates.value) if duplicates else 0,
        }

    def count_duplicate(self, how_many: int) -> None:
        with Session(self._engine) as session:
            row = session.get(CursorRow, _DUPLICATES) or CursorRow(name=_DUPLICATES, value="0")
            row.value = str(int(row.value) + how_many)
            session.add(row)
            session.commit()

    def release_members(self, course_id: int) -> None:
        """Unassign a course's instances, so that the assembler looks at them again."""
        with Session(self._engine) as session:
            session.exec(
                update(InstanceRow)
                .where(col(InstanceRow.course_id) == course_id)
                .values(course_id=None)
            )
            session.commit()

    def _select(self, condition: object) -> list[StoredInstance]:
        query = select(InstanceRow).where(condition).order_by(InstanceRow.orthanc_id)  # type: ignore[arg-type]
        with Session(self._reading) as session:
            return [_stored(row) for row in session.exec(query)]


def _count_erased(session: Session, day: date, sender: str, why: str) -> None:
    told = session.get(ErasedDayRow, (day, sender, why)) or ErasedDayRow(
        day=day, sender=sender, why=why, count=0
    )
    told.count += 1
    session.add(told)
    session.flush()


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
        state=row.state,
        course_id=row.course_id,
        sender=row.sender,
    )
