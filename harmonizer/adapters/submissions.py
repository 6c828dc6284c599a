"""Announcements and instances in SQL."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, bindparam, func, insert
from sqlmodel import Session, col, delete, select, update

from gateway.contract.manifest import CertificateBody, CourseCertificate, Manifest, ManifestInstance
from gateway.contract.receipts import CourseHolding, SubmissionState
from harmonizer.adapters.database import chunks, reading
from harmonizer.adapters.tables.clinical import WithdrawnPatientTable
from harmonizer.adapters.tables.studies import (
    CourseInstanceTable,
    CourseStudyTable,
    CourseTable,
    InstanceTable,
    StudyTable,
    SubmissionTable,
    key_of,
)
from harmonizer.domain.studies import MADE_HERE, Expected, InstanceKey
from harmonizer.errors import RefusedError
from harmonizer.ports import Submission


class SqlSubmissions:
    """The `Submissions` port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def get(self, course_uid: str, version: int) -> Submission | None:
        with Session(self._reading) as session:
            row = session.get(SubmissionTable, (course_uid, version))
            return _submission(row) if row else None

    def newest(self, course_uid: str) -> Submission | None:
        query = (
            select(SubmissionTable)
            .where(SubmissionTable.course_uid == course_uid)
            .order_by(col(SubmissionTable.version).desc())
        )
        with Session(self._reading) as session:
            row = session.exec(query).first()
            return _submission(row) if row else None

    def announce(self, body: CertificateBody, sealed: CourseCertificate, at: datetime) -> None:
        manifest = body.manifest
        with Session(self._engine) as session:
            if session.get(WithdrawnPatientTable, manifest.national_id):
                text = "the patient withdrew; nothing more is taken"
                raise RefusedError("patient-withdrew", text)
            _own_studies(session, manifest)
            _expect(session, manifest)
            session.add(
                SubmissionTable(
                    course_uid=manifest.course_uid,
                    version=manifest.version,
                    centre=manifest.centre,
                    national_id=manifest.national_id,
                    state=SubmissionState.ANNOUNCED,
                    manifest_sha256=body.manifest_sha256,
                    certificate=sealed.model_dump(mode="json"),
                    announced_at=at,
                )
            )
            session.flush()
            members = [
                {
                    "course_uid": manifest.course_uid,
                    "version": manifest.version,
                    "sop_instance_uid": instance.sop_instance_uid,
                    "role": instance.role,
                }
                for instance in manifest.instances
            ]
            session.connection().execute(insert(CourseInstanceTable), members)
            session.commit()

    def expected(self, course_uid: str, version: int) -> Sequence[Expected]:
        query = (
            select(InstanceTable, StudyTable.national_id)
            .join(
                CourseInstanceTable,
                col(CourseInstanceTable.sop_instance_uid) == InstanceTable.sop_instance_uid,
            )
            .join(
                StudyTable, col(StudyTable.study_instance_uid) == InstanceTable.study_instance_uid
            )
            .where(
                CourseInstanceTable.course_uid == course_uid,
                CourseInstanceTable.version == version,
                InstanceTable.centre != MADE_HERE,
            )
            .order_by(col(InstanceTable.sop_instance_uid))
        )
        with Session(self._reading) as session:
            return [_expected(row, patient) for row, patient in session.exec(query)]

    def beside(self, centre: str, sha256: str) -> Sequence[Expected]:
        study = select(InstanceTable.study_instance_uid).where(
            InstanceTable.sha256 == sha256, InstanceTable.centre == centre
        )
        query = (
            select(InstanceTable, StudyTable.national_id)
            .join(
                StudyTable, col(StudyTable.study_instance_uid) == InstanceTable.study_instance_uid
            )
            .where(
                col(InstanceTable.study_instance_uid).in_(study),
                InstanceTable.centre == centre,
                col(InstanceTable.verified_sha256).is_(None) | (InstanceTable.sha256 == sha256),
            )
        )
        with Session(self._reading) as session:
            return [_expected(row, patient) for row, patient in session.exec(query)]

    def largest_wanted(self, centre: str) -> int:
        largest = select(func.max(InstanceTable.size_bytes))
        read = col(InstanceTable.verified_sha256)
        wanted = read.is_(None) | (read != InstanceTable.sha256)
        with Session(self._reading) as session:
            return session.exec(largest.where(InstanceTable.centre == centre, wanted)).one() or 0

    def unexpected(self, instances: Sequence[Expected]) -> set[str]:
        asked = {one.key.sop_instance_uid: one.sha256 for one in instances}
        now: dict[str, str] = {}
        with Session(self._reading) as session:
            for part in chunks(list(asked)):
                query = select(InstanceTable.sop_instance_uid, InstanceTable.sha256)
                query = query.where(col(InstanceTable.sop_instance_uid).in_(part))
                now |= session.exec(query).all()
        return {uid for uid, digest in asked.items() if now.get(uid) != digest}

    def verified(self, receipts: Mapping[str, str | None]) -> None:
        if not receipts:
            return
        table = InstanceTable.__table__  # type: ignore[attr-defined]
        change = update(table).where(table.c.sop_instance_uid == bindparam("uid"))
        with Session(self._engine) as session:
            session.connection().execute(
                change.values(verified_sha256=bindparam("digest")),
                [{"uid": uid, "digest": digest} for uid, digest in receipts.items()],
            )
            session.commit()

    def known(self, sop_instance_uids: Collection[str]) -> set[str]:
        found: set[str] = set()
        with Session(self._reading) as session:
            for part in chunks(sorted(sop_instance_uids)):
                query = select(InstanceTable.sop_instance_uid)
                found.update(
                    session.exec(query.where(col(InstanceTable.sop_instance_uid).in_(part)))
                )
        return found

    def announced_keys(self) -> Iterator[tuple[InstanceKey, bool]]:
        query = select(InstanceTable, StudyTable.national_id).join(
            StudyTable, col(StudyTable.study_instance_uid) == InstanceTable.study_instance_uid
        )
        with Session(self._reading) as session:
            for row, patient in session.exec(query.execution_options(yield_per=1000)):
                yield _expected(row, patient).key, row.verified_sha256 is not None

    def verified_after(self, sop_instance_uid: str, most: int) -> Sequence[Expected]:
        uid = col(InstanceTable.sop_instance_uid)
        query = (
            select(InstanceTable, StudyTable.national_id)
            .join(
                StudyTable, col(StudyTable.study_instance_uid) == InstanceTable.study_instance_uid
            )
            .where(uid > sop_instance_uid, col(InstanceTable.verified_sha256).is_not(None))
            .order_by(uid)
            .limit(most)
        )
        with Session(self._reading) as session:
            return [_expected(row, patient) for row, patient in session.exec(query)]

    def holdings(self, centre: str) -> Sequence[CourseHolding]:
        query = (
            _of_stored_courses(
                select(
                    CourseTable.course_uid,
                    CourseTable.version,
                    func.count(),
                    func.count(col(InstanceTable.verified_sha256)),
                )
            )
            .where(CourseTable.centre == centre)
            .group_by(col(CourseTable.course_uid), col(CourseTable.version))
        )
        with Session(self._reading) as session:
            return [
                CourseHolding(course_uid=uid, version=version, instances=all_, missing=all_ - here)
                for uid, version, all_, here in session.exec(query)
            ]

    def count_lost(self) -> int:
        one = func.count(func.distinct(col(InstanceTable.sop_instance_uid)))
        query = _of_stored_courses(select(one))
        with Session(self._reading) as session:
            found = session.exec(query.where(col(InstanceTable.verified_sha256).is_(None))).one()
            return int(found)

    def finish(self, course_uid: str, version: int, at: datetime) -> None:
        with Session(self._engine) as session:
            submission = session.get_one(SubmissionTable, (course_uid, version))
            if submission.stored_at is None:
                submission.state, submission.stored_at = SubmissionState.STORED, at
            course = session.get(CourseTable, course_uid)
            if course is None or course.version < version:
                session.add(_renewed(course, submission, at))
                session.flush()
                _renew_studies(session, course_uid, version)
            session.commit()


def _of_stored_courses(query: Any) -> Any:
    """Join the courses that were stored whole with what was sent of their newest version."""
    return (
        query.select_from(CourseTable)
        .join(
            CourseInstanceTable,
            (col(CourseInstanceTable.course_uid) == CourseTable.course_uid)
            & (col(CourseInstanceTable.version) == CourseTable.version),
        )
        .join(
            InstanceTable,
            col(InstanceTable.sop_instance_uid) == CourseInstanceTable.sop_instance_uid,
        )
        .where(col(InstanceTable.centre) != MADE_HERE)
    )


def _own_studies(session: Session, manifest: Manifest) -> None:
    """Note whose studies these are; a study of somebody else stops the announcement."""
    for uid in sorted({instance.study_instance_uid for instance in manifest.instances}):
        owner = session.get(StudyTable, uid)
        if owner is None:
            session.add(
                StudyTable(
                    study_instance_uid=uid,
                    national_id=manifest.national_id,
                    centre=manifest.centre,
                )
            )
        elif (owner.national_id, owner.centre) != (manifest.national_id, manifest.centre):
            text = "a study of this course is here under another patient; a person must look"
            raise RefusedError("study-of-another-patient", text, 409)
    session.flush()


def _expect(session: Session, manifest: Manifest) -> None:
    known = _rows(session, [instance.sop_instance_uid for instance in manifest.instances])
    new = []
    for instance in manifest.instances:
        row = known.get(instance.sop_instance_uid)
        if row is None:
            new.append({"centre": manifest.centre} | _columns(instance))
        elif row.centre != manifest.centre:
            text = "an instance of this course is here from another centre; a person must look"
            raise RefusedError("instance-of-another-centre", text, 409)
        elif (row.study_instance_uid, row.series_instance_uid) != (
            instance.study_instance_uid,
            instance.series_instance_uid,
        ):  # the store would keep both, and a withdrawal find one
            text = "an instance of this course is here in another series; a person must look"
            raise RefusedError("instance-of-another-series", text, 409)
        elif row.sha256 != instance.sha256:  # the same object, rewritten since
            for name, value in _columns(instance).items():
                setattr(row, name, value)
    session.flush()
    if new:
        session.connection().execute(insert(InstanceTable), new)


def _columns(instance: ManifestInstance) -> dict[str, Any]:
    return instance.model_dump(exclude={"role", "references"})


def _rows(session: Session, uids: Sequence[str]) -> dict[str, InstanceTable]:
    found: dict[str, InstanceTable] = {}
    for part in chunks(uids):
        query = select(InstanceTable).where(col(InstanceTable.sop_instance_uid).in_(part))
        found |= {row.sop_instance_uid: row for row in session.exec(query)}
    return found


def _renewed(course: CourseTable | None, submission: SubmissionTable, at: datetime) -> CourseTable:
    row = course or CourseTable(
        course_uid=submission.course_uid,
        version=submission.version,
        centre=submission.centre,
        national_id=submission.national_id,
        state=SubmissionState.STORED,
        stored_at=at,
        made_by={},
    )
    row.version, row.state, row.stored_at = submission.version, SubmissionState.STORED, at
    return row


def _renew_studies(session: Session, course_uid: str, version: int) -> None:
    session.exec(delete(CourseStudyTable).where(col(CourseStudyTable.course_uid) == course_uid))
    query = (
        select(InstanceTable.study_instance_uid)
        .join(
            CourseInstanceTable,
            col(CourseInstanceTable.sop_instance_uid) == InstanceTable.sop_instance_uid,
        )
        .where(CourseInstanceTable.course_uid == course_uid, CourseInstanceTable.version == version)
        .distinct()
    )
    for uid in session.exec(query).all():
        session.add(CourseStudyTable(course_uid=course_uid, study_instance_uid=uid))


def _submission(row: SubmissionTable) -> Submission:
    return Submission(
        row.course_uid,
        row.version,
        row.centre,
        row.national_id,
        SubmissionState(row.state),
        row.manifest_sha256,
        row.reason,
    )


def _expected(row: InstanceTable, national_id: str) -> Expected:
    return Expected(
        key=key_of(row, national_id),
        sop_class_uid=row.sop_class_uid,
        modality=row.modality,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        verified=row.verified_sha256 == row.sha256,
    )
