"""Withdrawal at the archive: everything goes, nothing comes back, unless consent does."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import date

import httpx
import pytest
from sqlmodel import Session, col, func, select

from gateway.contract.clinical import ClinicalBatch, ClinicalRow
from harmonizer.adapters.holdings import OF_COURSES
from harmonizer.adapters.tables.clinical import WithdrawnPatientTable
from harmonizer.adapters.tables.studies import InstanceTable, StudyTable
from harmonizer.errors import NotFoundError, RetryError
from tests.factories.archive_world import SentCourse
from tests.integration.harmonizer.door.conftest import Door

Open = Callable[..., AbstractAsyncContextManager[Door]]
DERIVED = 2  # the structure set with standard names, the structured report
"""The structure set with standard names, which the archive makes itself."""


def inside(open_door: Open, job: Callable[[Door], Awaitable[None]], name: str = "KUH") -> None:
    async def run() -> None:
        async with open_door(name) as door:
            await job(door)

    asyncio.run(run())


async def tell(
    door: Door, name: str, withdrawn: tuple[str, ...] = (), again: tuple[str, ...] = ()
) -> httpx.Response:
    centre = door.client.headers["Authorization"].split()[1].split("-")[0]
    batch = ClinicalBatch(batch_id=name, centre=centre, withdrawn=withdrawn, consented_again=again)
    return await door.client.post("/api/v1/clinical-batches", json=batch.model_dump(mode="json"))


async def receipt(door: Door) -> dict[str, object]:
    found: list[dict[str, object]] = (await door.client.get("/api/v1/withdrawals")).json()
    assert len(found) == 1
    return found[0]


def rows(door: Door) -> dict[str, int]:
    with Session(door.service.engine) as session:
        return {
            table.__tablename__: int(session.exec(select(func.count()).select_from(table)).one())
            for table in (*OF_COURSES, InstanceTable, StudyTable)
        }


def test_a_withdrawal_deletes_objects_and_everything_worked_out(
    open_door: Open, course: SentCourse
) -> None:
    async def job(door: Door) -> None:
        await door.deliver(course)
        door.service.work_through()
        before = rows(door)
        assert {name for name, count in before.items() if not count} <= {"finding"}
        national = course.body.manifest.national_id
        assert (await tell(door, "w1", (national,))).status_code == httpx.codes.OK
        assert (await receipt(door))["erased_at"] is None
        door.service.work_through()
        assert set(rows(door).values()) == {0}
        assert door.store.objects == {}
        told = await receipt(door)
        assert told["erased_at"]
        assert (told["courses"], told["instances"]) == (1, len(course.instances))
        refused = await door.announce(course)
        assert refused.json()["code"] == "patient-withdrew"
        assert (await tell(door, "w1", (national,))).json() == (
            await tell(door, "w2", (national,))
        ).json() | {"batch_id": "w1"}
        door.service.work_through()
        assert await receipt(door) == told
        assert door.service.audit.first_break() is None

    inside(open_door, job)


def test_an_erasure_goes_on_after_the_store_was_down(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        await door.deliver(course)
        door.store.down = True
        await tell(door, "w1", (course.body.manifest.national_id,))
        assert door.service.withdrawal.step()
        assert (await receipt(door))["erased_at"] is None
        assert door.service.work.counts()["waiting"] == 2  # this, and harmonizing the course
        door.store.down = False
        assert door.service.withdrawal.reconcile() == 1  # as at every start: due at once
        door.service.work_through()
        assert (await receipt(door))["erased_at"]
        assert door.store.objects == {}
        assert door.service.work.counts() == {"waiting": 0, "running": 0, "failed": 0}

    inside(open_door, job)


def test_what_is_stored_while_its_patient_withdraws_does_not_stay(
    open_door: Open, course: SentCourse
) -> None:
    async def job(door: Door) -> None:
        await door.announce(course)
        one = course.instances[0]
        expected = door.service.submissions.admit("KUH", one.entry.sha256)[one.entry.sha256]
        await tell(door, "w1", (course.body.manifest.national_id,))
        door.service.work_through()
        assert door.service.submissions.keep(expected, one.data) is None
        assert [a.failure for a in door.service.submissions.confirm([expected])] == [0xC000]
        assert door.store.objects == {}

    inside(open_door, job)


def test_what_a_killed_process_left_of_a_withdrawn_patient_is_deleted(
    open_door: Open, course: SentCourse
) -> None:
    """Stored while its patient was erased, and never taken back."""
    national, one = course.body.manifest.national_id, course.instances[0]

    async def killed(door: Door) -> None:
        await door.announce(course)
        expected = door.service.submissions.admit("KUH", one.entry.sha256)[one.entry.sha256]
        await tell(door, "w1", (national,))
        door.service.work_through()
        assert door.service.submissions.keep(expected, one.data) is None

    async def started_again(door: Door) -> None:
        assert set(door.store.objects) == {one.entry.sop_instance_uid}
        told = await receipt(door)
        assert door.service.withdrawal.reconcile() == 1
        early = await tell(door, "a1", (), (national,))
        assert early.status_code == httpx.codes.SERVICE_UNAVAILABLE  # else it would stay
        door.service.work_through()
        assert door.store.objects == {}
        assert door.service.reconciliation.scan().unexplained == 0
        found = await receipt(door)
        assert found["erased_at"]
        assert told | {"erased_at": found["erased_at"]} == found
        assert door.service.withdrawal.reconcile() == 0
        assert (await tell(door, "a1", (), (national,))).status_code == httpx.codes.OK
        await door.deliver(course)
        assert door.service.withdrawal.reconcile() == 0  # consent was given again
        assert len(door.store.objects) == len(course.instances)

    inside(open_door, killed)
    inside(open_door, started_again)


def test_an_erasure_deletes_what_no_table_knows_of(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        one = course.instances[0]
        door.store.objects[one.entry.sop_instance_uid] = one.data
        await tell(door, "w1", (course.body.manifest.national_id,))
        door.service.work_through()
        assert door.store.objects == {}

    inside(open_door, job)


def test_waiting_erasures_are_ordered_while_the_store_is_down(
    open_door: Open, course: SentCourse
) -> None:
    async def job(door: Door) -> None:
        await door.deliver(course)
        await tell(door, "w1", (course.body.manifest.national_id,))
        door.store.down = True
        with pytest.raises(RetryError):
            door.service.withdrawal.reconcile()
        assert door.service.work.counts()["waiting"] == 2

    inside(open_door, job)


def test_after_new_consent_the_course_comes_again(open_door: Open, course: SentCourse) -> None:
    national = course.body.manifest.national_id

    async def job(door: Door) -> None:
        await door.deliver(course)
        await tell(door, "w1", (national,))
        early = await tell(door, "a1", (), (national,))
        assert early.status_code == httpx.codes.SERVICE_UNAVAILABLE  # not erased yet
        door.service.work_through()
        assert (await tell(door, "a1", (), (national,))).status_code == httpx.codes.OK
        assert (await door.client.get("/api/v1/withdrawals")).json() == []
        assert (await door.deliver(course))["state"] == "stored"
        door.service.work_through()
        assert len(door.store.objects) == len(course.instances) + DERIVED

    inside(open_door, job)


def test_no_centre_withdraws_or_lets_in_for_another(open_door: Open, course: SentCourse) -> None:
    national = course.body.manifest.national_id

    async def stranger(door: Door) -> None:
        await tell(door, "w1", (national,))
        await tell(door, "a1", (), (national,))
        door.service.work_through()
        assert (await door.client.get("/api/v1/withdrawals")).json() == []

    async def own(door: Door) -> None:
        await door.deliver(course)

    async def still_there(door: Door) -> None:
        with Session(door.service.engine) as session:
            verified = col(InstanceTable.verified_sha256).is_not(None)
            kept = session.exec(select(InstanceTable).where(verified)).all()
            assert len(kept) == len(course.instances) + DERIVED
        assert len(door.store.objects) == len(course.instances) + DERIVED

    inside(open_door, own)
    inside(open_door, stranger, "Tyks")
    inside(open_door, still_there)


def of_before(_national_ids: object) -> set[str]:
    """What a question about withdrawals was answered just before one came in."""
    return set()


def test_a_withdrawal_between_check_and_announcement_is_noticed(
    open_door: Open, course: SentCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def job(door: Door) -> None:
        await tell(door, "w1", (course.body.manifest.national_id,))
        door.service.work_through()
        monkeypatch.setattr(door.service.records, "withdrawn", of_before)
        assert (await door.announce(course)).json()["code"] == "patient-withdrew"
        assert set(rows(door).values()) == {0}

    inside(open_door, job)


def test_a_withdrawal_between_check_and_storing_of_rows_is_noticed(
    open_door: Open, course: SentCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    national = course.body.manifest.national_id
    row = ClinicalRow(
        national_id=national, row_key="k", source="test", recorded_on=date(2020, 1, 1)
    )
    batch = ClinicalBatch(batch_id="b1", centre="KUH", clinical=(row,))

    async def send(door: Door) -> httpx.Response:
        sent = batch.model_dump(mode="json")
        return await door.client.post("/api/v1/clinical-batches", json=sent)

    async def job(door: Door) -> None:
        await tell(door, "w1", (national,))
        with monkeypatch.context() as earlier:
            earlier.setattr(door.service.records, "withdrawn", of_before)
            assert (await send(door)).status_code == httpx.codes.SERVICE_UNAVAILABLE
        (problem,) = (await send(door)).json()["problems"]
        assert problem["reason"] == "the patient withdrew"
        assert door.service.clinical.counts()["clinical"] == 0

    inside(open_door, job)


def test_rows_that_came_in_beside_a_withdrawal_are_found_and_deleted(open_door: Open) -> None:
    """As in a database of before, where a withdrawal did not wait for a batch."""
    who = "FI-A"
    row = ClinicalRow(national_id=who, row_key="k", source="test", recorded_on=date(2020, 1, 1))
    batch = ClinicalBatch(batch_id="b1", centre="KUH", clinical=(row,))

    async def job(door: Door) -> None:
        records, withdrawal = door.service.records, door.service.withdrawal
        await tell(door, "w1", (who,))
        door.service.work_through()

        def leave_a_row(name: str) -> None:
            with Session(door.service.engine) as session:
                (gone,) = session.exec(select(WithdrawnPatientTable)).all()
                kept = gone.model_dump()
                session.delete(gone)
                session.commit()
            one = row.model_copy(update={"row_key": name})
            update = {"batch_id": name, "clinical": (one,)}
            records.store(batch.model_copy(update=update), [], 0, door.service.clock.now())
            with Session(door.service.engine) as session:
                session.add(WithdrawnPatientTable(**kept))
                session.commit()

        leave_a_row("k1")
        with pytest.raises(NotFoundError):
            door.service.clinical.timeline(who)
        assert door.service.clinical.latest(who) is None
        assert withdrawal.reconcile() == 1
        door.service.work_through()
        assert records.counts()["clinical"] == 0
        leave_a_row("k2")
        await tell(door, "w2", (who,))
        assert records.counts()["clinical"] == 0
        assert (await receipt(door))["rows"] == 2

    inside(open_door, job)


def test_what_was_announced_while_its_patient_was_erased_is_found_and_erased(
    open_door: Open, course: SentCourse
) -> None:
    """Two transactions at once: neither sees the other, and the announcement ends last."""
    national, one = course.body.manifest.national_id, course.instances[0]
    entry = one.entry.model_dump(exclude={"role", "references"})

    async def job(door: Door) -> None:
        await door.deliver(course)
        await tell(door, "w1", (national,))
        door.service.work_through()
        told = await receipt(door)
        with Session(door.service.engine) as session:
            uid = one.entry.study_instance_uid
            session.add(StudyTable(study_instance_uid=uid, national_id=national, centre="KUH"))
            session.flush()
            session.add(InstanceTable(centre="KUH", **entry))
            session.commit()
        door.store.objects[one.entry.sop_instance_uid] = one.data
        assert door.service.withdrawal.reconcile() == 1
        door.service.work_through()
        assert door.store.objects == {}
        assert set(rows(door).values()) == {0}
        found = await receipt(door)
        assert (found["courses"], found["instances"]) == (1, len(course.instances) + 1)
        assert found["withdrawn_at"] == told["withdrawn_at"]
        assert door.service.withdrawal.reconcile() == 0

    inside(open_door, job)


def test_a_batch_is_answered_to_the_centre_that_sent_it(open_door: Open) -> None:
    async def own(door: Door) -> None:
        assert (await tell(door, "b1")).status_code == httpx.codes.OK

    async def stranger(door: Door) -> None:
        answer = await tell(door, "b1")
        assert (answer.status_code, answer.json()["code"]) == (409, "other-centre")

    inside(open_door, own)
    inside(open_door, stranger, "Tyks")
