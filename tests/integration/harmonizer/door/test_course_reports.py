"""A course's report over HTTP: made of what the archive holds, for readers only, audited."""

import asyncio
import csv
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from io import BytesIO, StringIO

import httpx
import pydicom
import pytest

from harmonizer.config import Reader, Settings
from tests.factories.archive_world import SentCourse
from tests.integration.harmonizer.door.conftest import Door

Open = Callable[..., AbstractAsyncContextManager[Door]]
TOKEN = "researcher-token-for-reports"


@pytest.fixture
def settings(settings: Settings, tmp_path: object) -> Settings:
    path = settings.data_folder.parent / "researcher"
    path.write_text(TOKEN, "utf-8")
    path.chmod(0o600)
    reader = Reader(name="reader", role="researcher", token_file=path)
    return settings.model_copy(update={"readers": (reader,)})


def inside(open_door: Open, job: Callable[[Door], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_door() as door:
            await job(door)

    asyncio.run(run())


async def read(door: Door, path: str, token: str = TOKEN) -> httpx.Response:
    return await door.client.get(path, headers={"Authorization": f"Bearer {token}"})


def test_a_reader_gets_the_page_and_the_values(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        await door.deliver(course)
        door.service.work_through()
        place = f"/api/v1/courses/{course.course_uid}/report"
        page = await read(door, place)
        assert page.status_code == httpx.codes.OK
        assert page.headers["content-type"].startswith("text/html")
        assert "img-src data:" in page.headers["content-security-policy"]
        assert "script-src" not in page.headers["content-security-policy"]
        assert page.text.count('<svg class="slice"') >= 2
        national_id = door.service.courses.national_id(course.course_uid)
        assert national_id
        assert national_id in page.text
        values = (await read(door, f"{place}.json")).json()
        body = next(one for one in values["structures"] if one["standard_name"] == "Body")
        kept = (await read(door, f"/api/v1/courses/{course.course_uid}")).json()
        same = next(one for one in kept["structures"] if one["standard_name"] == "Body")
        assert body["volume_cm3"] == pytest.approx(same["volume_cm3"], rel=1e-4)

    inside(open_door, job)


def test_a_centre_and_a_stranger_get_no_report(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        await door.deliver(course)
        place = f"/api/v1/courses/{course.course_uid}/report"
        own = await door.client.get(place)
        assert own.status_code == httpx.codes.FORBIDDEN
        assert (await read(door, place, "x" * 20)).status_code == httpx.codes.UNAUTHORIZED

    inside(open_door, job)


def test_a_course_that_is_not_there_is_not_found(open_door: Open) -> None:
    async def job(door: Door) -> None:
        answer = await read(door, "/api/v1/courses/1.2.3/report")
        assert answer.status_code == httpx.codes.NOT_FOUND

    inside(open_door, job)


def test_the_values_come_as_dicom_of_the_same_study(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        await door.deliver(course)
        door.service.work_through()
        answer = await read(door, f"/api/v1/courses/{course.course_uid}/report.dcm")
        assert answer.headers["content-type"] == "application/dicom"
        found = pydicom.dcmread(BytesIO(answer.content))
        assert found.Modality == "SR"
        assert found.PatientIdentityRemoved == "YES"
        assert found.PatientID == door.service.courses.national_id(course.course_uid)
        assert found.StudyInstanceUID in door.service.courses.study_uids(course.course_uid)

    inside(open_door, job)


def test_the_registry_has_a_row_of_the_course(
    open_door: Open, course: SentCourse, originals: list[bytes]
) -> None:
    sent = [pydicom.dcmread(BytesIO(data), stop_before_pixels=True) for data in originals]
    (plan,) = [one for one in sent if one.Modality == "RTPLAN"]
    planned = plan.FractionGroupSequence[0].NumberOfFractionsPlanned
    days = sorted(one.TreatmentDate for one in sent if one.Modality == "RTRECORD")

    async def job(door: Door) -> None:
        await door.deliver(course)
        door.service.work_through()
        answer = await read(door, "/api/v1/registry-extract")
        (row,) = csv.DictReader(StringIO(answer.text))
        assert row["course_uid"] == course.course_uid
        assert int(row["fractions_planned"]) == planned
        assert int(row["fractions_delivered"]) == len(days)
        length = date.fromisoformat(days[-1]) - date.fromisoformat(days[0])
        assert int(row["treatment_days"]) == length.days + 1
        assert row["intent"] == plan.PlanIntent
        assert float(row["Body Volume[cc]"]) > 0

    inside(open_door, job)
