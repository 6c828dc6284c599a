"""What the archive makes of a course lies beside it, and nobody takes it for something sent."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from io import BytesIO

import pydicom
import pytest
from sqlmodel import Session, col, select, update

from harmonizer import app
from harmonizer.adapters.cohorts import SqlCohorts
from harmonizer.adapters.dicomrt.identity import described
from harmonizer.adapters.tables.studies import StructureTable
from harmonizer.domain.cohorts import Level, Question
from harmonizer.domain.studies import DerivedKind, InstanceKey
from harmonizer.errors import DataError
from plugins.archive_admission import refusal_of
from tests.factories.archive_world import MemoryStore, SentCourse
from tests.integration.harmonizer.door.conftest import Door

Open = Callable[..., AbstractAsyncContextManager[Door]]


def delivered(
    open_door: Open, course: SentCourse, job: Callable[[Door], Awaitable[None]] | None = None
) -> None:
    async def run() -> None:
        async with open_door() as door:
            await door.deliver(course)
            door.service.work_through()
            if job:
                await job(door)

    asyncio.run(run())


def made(door: Door, course: SentCourse) -> str:
    """Return the UID of the one structure set that no centre sent."""
    (uid,) = made_here(door, course, "RTSTRUCT")
    return uid


def made_here(door: Door, course: SentCourse, modality: str) -> list[str]:
    sent = {one.entry.sop_instance_uid for one in course.instances}
    others = [uid for uid in door.store.objects if uid not in sent]
    return [uid for uid in others if described(door.store.objects[uid]).modality == modality]


def region_names(door: Door, uid: str) -> set[str]:
    dataset = pydicom.dcmread(BytesIO(door.store.objects[uid]))
    assert dataset.SOPInstanceUID == uid
    return {item.ROIName for item in dataset.StructureSetROISequence}


def test_the_renamed_set_is_seen_first_and_counts_as_no_instance_of_the_centre(
    open_door: Open, course: SentCourse
) -> None:
    async def job(door: Door) -> None:
        uid = made(door, course)
        records = SqlCohorts(door.service.engine)
        study = course.instances[0].entry.study_instance_uid
        keys = {key.sop_instance_uid: key for key in records.keys(study, None, None)}
        assert keys.keys() == door.store.objects.keys()
        series = records.entries(Question(Level.SERIES, studies=(study,)), 0, 99)
        assert series[0].series == keys[uid].series_instance_uid
        assert [one.series for one in series].count(series[0].series) == 1
        assert series[0].modalities == ("RTSTRUCT",)
        assert series[-1].modalities == ("SR",)
        scan = door.service.reconciliation.scan()
        assert (scan.in_store, scan.newly_lost, scan.unexplained) == (len(keys), 0, 0)
        told = door.service.studies.status()
        assert told["instances"] == len(course.instances)
        assert (await door.announce(course)).json()["wanted"] == []
        assert len((await door.verify(course)).json()["receipts"]) == len(course.instances)
        (held,) = (await door.client.get("/api/v1/holdings")).json()
        assert (held["instances"], held["missing"]) == (len(course.instances), 0)

    delivered(open_door, course, job)


def test_metrics_and_findings_lie_beside_it_as_a_structured_report(
    open_door: Open, course: SentCourse
) -> None:
    async def job(door: Door) -> None:
        (uid,) = made_here(door, course, "SR")
        report = pydicom.dcmread(BytesIO(door.store.objects[uid]))
        assert report.StudyInstanceUID == course.instances[0].entry.study_instance_uid
        sent = pydicom.dcmread(BytesIO(course.instances[0].data))
        assert (report.PatientID, report.PatientName) == (sent.PatientID, sent.PatientName)
        assert refusal_of(door.store.objects[uid]) is None  # the archive's Orthanc takes it
        shown = SqlCohorts(door.service.engine).keys(report.StudyInstanceUID, None, None)
        assert uid in {key.sop_instance_uid for key in shown}
        assert made_here(door, course, "DOC") == []  # this world does not print

    delivered(open_door, course, job)


def test_where_pages_are_printed_the_report_lies_there_as_a_document_too(
    open_door: Open, course: SentCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "print_pdf", lambda page: b"%PDF-1.7 " + page[:15].encode())

    async def run() -> None:
        async with open_door(prints=True) as door:
            await door.deliver(course)
            door.service.work_through()
            (uid,) = made_here(door, course, "DOC")
            document = pydicom.dcmread(BytesIO(door.store.objects[uid]))
            assert refusal_of(door.store.objects[uid]) is None
            assert document.EncapsulatedDocument.startswith(b"%PDF-1.7 <!doctype html>")
            before = dict(door.store.objects)
            door.service.harmonization.harmonize(course.course_uid)
            door.service.work_through()
            assert door.store.objects == before

    asyncio.run(run())


def test_the_same_names_are_not_stored_again(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        before, puts = dict(door.store.objects), door.store.puts
        door.service.harmonization.harmonize(course.course_uid)
        door.service.work_through()
        assert (door.store.objects, door.store.puts) == (before, puts)

    delivered(open_door, course, job)


def test_other_names_replace_the_object_and_no_name_takes_it_away(
    open_door: Open, course: SentCourse
) -> None:
    async def job(door: Door) -> None:
        old = made(door, course)
        assert "Heart" in region_names(door, old)
        rename(door, "Bladder")
        new = made(door, course)
        assert new != old
        assert "Heart" not in region_names(door, new)
        rename(door, None)
        assert made_here(door, course, "RTSTRUCT") == []
        assert door.service.reconciliation.scan().unexplained == 0
        assert door.service.derived.reconcile() == 0  # there is nothing to make

    delivered(open_door, course, job)


def rename(door: Door, name: str | None) -> None:
    """Give every region of the course this name and have its objects made anew."""
    with Session(door.service.engine) as session:
        course = session.exec(select(StructureTable.course_uid)).first()
        assert course
        which = col(StructureTable.course_uid) == course
        session.exec(update(StructureTable).where(which).values(standard_name=name))
        session.commit()
    door.service.derived.order([course])
    door.service.work_through()


def test_what_the_store_lost_is_made_again_and_not_asked_of_the_centre(
    open_door: Open, course: SentCourse
) -> None:
    async def job(door: Door) -> None:
        uid = made(door, course)
        before = door.store.objects.pop(uid)
        assert door.service.reconciliation.scan().newly_lost == 1
        assert door.service.reconciliation.status()["lost"] == 0
        assert (await door.announce(course)).json()["wanted"] == []
        assert door.service.derived.reconcile() == 1
        door.service.work_through()
        assert door.store.objects[uid] == before
        assert door.service.derived.reconcile() == 0

    delivered(open_door, course, job)


def test_an_end_between_storing_and_noting_leaves_nothing_strange(
    open_door: Open, course: SentCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = MemoryStore.put

    def killed(store: MemoryStore, key: InstanceKey, data: bytes) -> None:
        put(store, key, data)
        if described(data).modality == "RTSTRUCT" and store.puts > len(course.instances):
            raise KeyboardInterrupt

    async def job(door: Door) -> None:
        uid = made(door, course)  # stored, and nobody knows that it was
        assert door.service.reconciliation.scan().unexplained == 0
        study = course.instances[0].entry.study_instance_uid
        shown = SqlCohorts(door.service.engine).keys(study, None, None)
        assert uid not in {key.sop_instance_uid for key in shown}
        door.service.work.release_leases()  # as at every start
        door.service.work_through()
        assert made(door, course) == uid
        assert door.service.work.counts() == {"waiting": 0, "running": 0, "failed": 0}

    async def run() -> None:
        async with open_door() as door:
            await door.deliver(course)
            monkeypatch.setattr(MemoryStore, "put", killed)
            with pytest.raises(KeyboardInterrupt):
                door.service.work_through()
            monkeypatch.setattr(MemoryStore, "put", put)
            await job(door)

    asyncio.run(run())


def test_an_object_of_a_centre_is_never_replaced(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        sent = course.instances[0].data
        with pytest.raises(DataError):
            door.service.derived.keep(course.course_uid, DerivedKind.NAMES, sent)
        assert door.store.objects[course.instances[0].entry.sop_instance_uid] == sent

    delivered(open_door, course, job)


def test_a_new_version_of_the_course_has_its_own(
    open_door: Open, course: SentCourse, centre, originals: list[bytes]
) -> None:
    async def job(door: Door) -> None:
        before = made(door, course)
        await door.deliver(centre.course(originals, "010190-999X", version=2))
        door.service.work_through()
        assert made(door, course) == before  # the same set, the same names
        study = course.instances[0].entry.study_instance_uid
        shown = SqlCohorts(door.service.engine).keys(study, None, None)
        assert before in {key.sop_instance_uid for key in shown}

    delivered(open_door, course, job)
