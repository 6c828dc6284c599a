"""Who had downloaded what of a patient who withdrew: told with the receipt, and to the admin."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.contract.clinical import ClinicalBatch, ClinicalRow
from harmonizer.adapters.audit import SqlAudit
from harmonizer.config import Reader, Settings
from harmonizer.domain.access import MOST_TOLD
from tests.factories.archive_world import SentCourse
from tests.integration.harmonizer.door.conftest import Door
from tests.integration.harmonizer.door.test_withdrawal_at_the_archive import receipt, tell

Open = Callable[..., AbstractAsyncContextManager[Door]]
READERS = {"aino": "researcher", "eero": "admin"}


@dataclass(frozen=True)
class At:
    at: datetime

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    readers = []
    for name, role in READERS.items():
        path = tmp_path / name
        path.write_text(f"{name}-token-of-a-reader", "utf-8")
        path.chmod(0o600)
        readers.append(Reader.model_validate({"name": name, "role": role, "token_file": path}))
    return settings.model_copy(update={"readers": tuple(readers)})


async def ask(door: Door, path: str, who: str = "aino") -> httpx.Response:
    headers = {"Authorization": f"Bearer {who}-token-of-a-reader"}
    return await door.client.get(path, headers=headers)


def inside(open_door: Open, job: Callable[[Door], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_door() as door:
            await job(door)

    asyncio.run(run())


async def told(door: Door) -> set[tuple[Any, ...]]:
    exports: Any = (await receipt(door))["exports"]
    return {(one["caller"], one["action"], one["what"], one["times"]) for one in exports}


def test_downloads_are_told_with_the_receipt_and_to_the_admin(
    open_door: Open, course: SentCourse
) -> None:
    national, uid = course.body.manifest.national_id, course.course_uid
    study = course.instances[0].entry.study_instance_uid

    async def job(door: Door) -> None:
        await door.deliver(course)
        door.service.work_through()
        before = datetime.now(UTC) - timedelta(days=1)
        SqlAudit(door.service.engine, At(before)).record("aino", "researcher", "read-table", "old")
        for path in (
            "/api/v1/tables/long.csv",
            "/api/v1/tables/long.csv",
            f"/api/v1/courses/{uid}/fhir",
            f"/api/v1/courses?centre=KUH&patient={national}",
        ):
            assert (await ask(door, path)).status_code == httpx.codes.OK
        for place in (f"{study}/1.2/1.2.3", f"{study}/1.2/1.2.4"):
            door.service.audit.record("eero", "admin", "wado-frames", place)
        for place in (f"{study}1", f"{study}1/1.2", "2.25.7"):
            door.service.audit.record("eero", "admin", "wado-frames", place)
        await tell(door, "w1", (national,))
        assert (await ask(door, "/api/v1/tables/wide.csv")).status_code == httpx.codes.OK
        door.service.work_through()
        found = {
            ("aino", "read-table", "long csv", 2),
            ("aino", "read-fhir", uid, 1),
            ("eero", "wado-frames", study, 2),
        }
        assert await told(door) == found
        door.service.withdrawal._holdings.reopen([national])
        assert door.service.withdrawal.reconcile() == 1
        door.service.work_through()
        assert await told(door) == found  # erased once more: nothing twice, nothing lost
        listed = (await ask(door, "/api/v1/audit/exports", "eero")).json()
        assert {(one["caller"], one["action"], one["what"]) for one in listed} == {
            one[:3] for one in found
        }
        assert all(one["withdrawn"] == [national] for one in listed)
        page = await ask(door, "/audit/exports", "eero")
        assert page.status_code == httpx.codes.OK
        assert national in page.text
        for path in ("/api/v1/audit/exports", "/audit/exports"):
            assert (await ask(door, path)).status_code == httpx.codes.FORBIDDEN
        await tell(door, "a1", (), (national,))
        listed = (await ask(door, "/api/v1/audit/exports", "eero")).json()
        assert len(listed) == len(found)
        assert all((one["withdrawn"], one["taken_again"]) == ([], [national]) for one in listed)
        assert "here again: <code>" in (await ask(door, "/audit/exports", "eero")).text

    inside(open_door, job)


def test_of_somebody_with_rows_alone(open_door: Open) -> None:
    who = "FI-A"
    row = ClinicalRow(national_id=who, row_key="k", source="test", recorded_on=date(2020, 1, 1))
    batch = ClinicalBatch(batch_id="b1", centre="KUH", clinical=(row,))

    async def job(door: Door) -> None:
        sent = batch.model_dump(mode="json")
        await door.client.post("/api/v1/clinical-batches", json=sent)
        path = f"/api/v1/patients/{who}/timeline"
        assert (await ask(door, path)).status_code == httpx.codes.OK
        await tell(door, "w1", (who,))
        door.service.work_through()
        assert await told(door) == {("aino", "read-timeline", who, 1)}

    inside(open_door, job)


def test_of_whom_nothing_was_here_nothing_was_taken(open_door: Open) -> None:
    async def job(door: Door) -> None:
        await ask(door, "/api/v1/tables/long.csv")
        await tell(door, "w1", ("FI-B",))
        door.service.work_through()
        assert await told(door) == set()

    inside(open_door, job)


def test_a_receipt_stays_readable_however_much_was_taken(
    open_door: Open, course: SentCourse
) -> None:
    async def job(door: Door) -> None:
        await door.deliver(course)
        for number in range(MOST_TOLD + 3):
            door.service.audit.record("aino", "researcher", "read-weights", f"qlq-c30 t{number}")
        await tell(door, "w1", (course.body.manifest.national_id,))
        door.service.work_through()
        found = await receipt(door)
        exports: Any = found["exports"]
        assert len(exports) == MOST_TOLD
        assert exports[0]["what"] == f"qlq-c30 t{MOST_TOLD + 2}"
        assert found["more_exports"] == 3

    inside(open_door, job)
