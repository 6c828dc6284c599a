"""Courses coming in: nothing unlisted gets in, nothing is lost, everything may be repeated."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import date

import httpx
import pytest

from gateway.contract.clinical import ClinicalBatch, ClinicalRow
from harmonizer.adapters.nesting import outline
from harmonizer.errors import DataError
from tests.factories.archive_world import SendingCentre, SentCourse
from tests.integration.harmonizer.door.conftest import TOKENS, Door

Open = Callable[..., AbstractAsyncContextManager[Door]]


def inside(open_door: Open, job: Callable[[Door], Awaitable[None]], name: str = "KUH") -> None:
    async def run() -> None:
        async with open_door(name) as door:
            await job(door)

    asyncio.run(run())


def test_a_course_comes_in_is_read_back_and_harmonized(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        announced = (await door.announce(course)).json()
        assert sorted(announced["wanted"]) == sorted(
            one.entry.sop_instance_uid for one in course.instances
        )
        stored = await door.send(course)
        assert stored.status_code == httpx.codes.OK
        assert len(stored.json()["00081199"]["Value"]) == len(course.instances)
        receipts = (await door.verify(course)).json()
        assert receipts["state"] == "stored"
        assert all(receipt["verified"] for receipt in receipts["receipts"])
        door.service.work_through()
        status = await door.client.get(f"/api/v1/submissions/{course.course_uid}/1")
        assert status.json()["state"] == "harmonized"
        report = next(iter(door.store.reports.values()))
        assert {row["standard_name"] for row in report["structures"]} >= {"Body", "SpinalCord"}

    inside(open_door, job)


def test_everything_may_be_said_twice(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        first = await door.deliver(course)
        puts = door.store.puts
        assert await door.deliver(course) == first
        assert door.store.puts == puts  # what was read back equal is not stored again
        door.service.work_through()
        assert (await door.deliver(course))["state"] == "harmonized"
        assert door.service.work.counts()["waiting"] == 0

    inside(open_door, job)


def test_an_instance_that_no_certificate_lists_is_not_taken(
    open_door: Open, course: SentCourse
) -> None:
    async def job(door: Door) -> None:
        refused = await door.send(course)  # nothing was announced
        assert refused.status_code == httpx.codes.CONFLICT
        failures = refused.json()["00081198"]["Value"]
        assert {item["00081197"]["Value"][0] for item in failures} == {0x0124}
        assert not door.store.objects

    inside(open_door, job)


def test_bytes_that_differ_from_the_announced_are_not_taken(
    open_door: Open, course: SentCourse
) -> None:
    spoiled = [replace(one, data=one.data[:-2] + b"zz") for one in course.instances[:3]]

    async def job(door: Door) -> None:
        await door.announce(course)
        answer = await door.send(course, [*spoiled, course.instances[5]])
        assert answer.status_code == httpx.codes.ACCEPTED
        assert len(answer.json()["00081198"]["Value"]) == len(spoiled)
        assert list(door.store.objects) == [course.instances[5].entry.sop_instance_uid]

    inside(open_door, job)


def test_another_centre_cannot_store_or_ask(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        await door.announce(course)
        other = {"Authorization": f"Bearer {TOKENS['Tyks']}"}
        door.client.headers.update(other)
        assert (await door.send(course)).status_code == httpx.codes.CONFLICT
        assert (await door.verify(course)).status_code == httpx.codes.NOT_FOUND
        assert (await door.announce(course)).json()["code"] == "bad-signature"
        assert not door.store.objects

    inside(open_door, job)


def test_a_certificate_of_another_key_or_manifest_is_refused(
    open_door: Open, course: SentCourse, originals: list[bytes]
) -> None:
    stranger = SendingCentre("KUH", bytes(range(2, 34))).course(originals[:2], "1")
    bent = course.sealed.model_copy(
        update={"body": course.sealed.body.replace('"version":1', '"version":2', 1)}
    )

    async def job(door: Door) -> None:
        assert (await door.announce(stranger)).json()["code"] == "bad-signature"
        answer = await door.announce(replace(course, sealed=bent))
        assert answer.status_code == httpx.codes.FORBIDDEN

    inside(open_door, job)


@pytest.mark.parametrize("version", [1, 2])
def test_a_study_of_another_patient_is_refused(
    open_door: Open, centre: SendingCentre, course: SentCourse, version: int
) -> None:
    manifest = course.body.manifest.model_copy(
        update={"national_id": "FISOMEBODYELSEABCD", "version": version}
    )
    mixed = centre.reseal(course, manifest)

    async def job(door: Door) -> None:
        await door.announce(course)
        answer = await door.announce(mixed)
        assert answer.status_code == httpx.codes.CONFLICT
        assert answer.json()["code"] == "course-of-another-patient"
        anew = mixed.body.manifest.model_copy(update={"course_uid": "2.25.4711", "version": 1})
        answer = await door.announce(centre.reseal(course, anew))
        assert answer.json()["code"] == "study-of-another-patient"

    inside(open_door, job)


def test_a_course_of_another_centre_is_not_continued(open_door: Open, course: SentCourse) -> None:
    """Else its next version would put a stranger's objects under this centre's patient."""
    stranger = SendingCentre("Tyks", bytes(range(1, 33)))
    theirs = course.body.manifest.instances[0]
    own = theirs.model_copy(
        update={
            "sop_instance_uid": "2.25.71",
            "series_instance_uid": "2.25.72",
            "study_instance_uid": "2.25.73",
            "sha256": "ab" * 32,
        }
    )
    manifest = course.body.manifest.model_copy(
        update={"centre": "Tyks", "version": 2, "instances": (own,), "national_id": "FI" + "A" * 16}
    )

    async def job(door: Door) -> None:
        await door.deliver(course)
        door.client.headers["Authorization"] = f"Bearer {TOKENS['Tyks']}"
        answer = await door.announce(stranger.reseal(course, manifest))
        assert answer.status_code == httpx.codes.CONFLICT
        assert answer.json()["code"] == "course-of-another-patient"

    inside(open_door, job)


def test_an_instance_does_not_change_its_series(
    open_door: Open, centre: SendingCentre, course: SentCourse
) -> None:
    """Its old copy would stay in the store, and no withdrawal would find it."""
    first, *rest = course.body.manifest.instances
    moved = first.model_copy(update={"series_instance_uid": "2.25.4712", "sha256": "ab" * 32})
    manifest = course.body.manifest.model_copy(update={"version": 2, "instances": (moved, *rest)})

    async def job(door: Door) -> None:
        await door.deliver(course)
        answer = await door.announce(centre.reseal(course, manifest))
        assert answer.status_code == httpx.codes.CONFLICT
        assert answer.json()["code"] == "instance-of-another-series"

    inside(open_door, job)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("series_instance_uid", "2.25.1/../../../../tools"),
        ("sop_instance_uid", "2.25.1%2f..%2f1"),
        ("study_instance_uid", "2.25.1\n"),
        ("sop_class_uid", "<script>"),
        ("modality", "=cmd()"),
    ],
)
def test_nothing_but_uids_is_taken_as_one(
    open_door: Open, centre: SendingCentre, course: SentCourse, field: str, value: str
) -> None:
    first, *rest = course.body.manifest.instances
    bent = first.model_copy(update={field: value})
    manifest = course.body.manifest.model_copy(update={"instances": (bent, *rest)})

    async def job(door: Door) -> None:
        answer = await door.announce(centre.reseal(course, manifest))
        assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
        assert answer.json()["code"] in {"bad-uids", "bad-manifest"}

    inside(open_door, job)


def test_an_older_or_different_version_is_refused(
    open_door: Open, centre: SendingCentre, course: SentCourse
) -> None:
    second = centre.reseal(course, course.body.manifest.model_copy(update={"version": 2}))
    fewer = course.body.manifest.instances[:-1]
    other = centre.reseal(course, course.body.manifest.model_copy(update={"instances": fewer}))

    async def job(door: Door) -> None:
        await door.deliver(second)
        assert (await door.announce(course)).json()["code"] == "newer-version-known"

    inside(open_door, job)

    async def again(door: Door) -> None:
        await door.announce(course)
        assert (await door.announce(other)).json()["code"] == "newer-version-known"

    inside(open_door, again)


@pytest.mark.parametrize("fault", ["loses", "spoils"])
def test_success_is_said_only_of_what_is_there(
    open_door: Open, course: SentCourse, fault: str
) -> None:
    victim = course.instances[7].entry.sop_instance_uid

    async def job(door: Door) -> None:
        getattr(door.store, fault).add(victim)
        await door.announce(course)
        answer = await door.send(course)
        assert answer.status_code == httpx.codes.ACCEPTED
        failed = answer.json()["00081198"]["Value"]
        assert [item["00081155"]["Value"][0] for item in failed] == [victim]
        receipts = (await door.verify(course)).json()
        assert receipts["state"] == "announced"
        assert [r["sop_instance_uid"] for r in receipts["receipts"] if not r["verified"]] == [
            victim
        ]
        getattr(door.store, fault).clear()
        assert (await door.announce(course)).json()["wanted"] == [victim]
        await door.send(course, [course.instances[7]])
        assert (await door.verify(course)).json()["state"] == "stored"

    inside(open_door, job)


def test_a_body_that_is_cut_keeps_what_was_whole(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        await door.announce(course)
        half = len(course.multipart()) // 2
        answer = await door.send(course, cut=half)
        assert answer.json()["code"] == "cut-off"
        wanted = (await door.announce(course)).json()["wanted"]
        assert 0 < len(wanted) < len(course.instances)
        rest = [one for one in course.instances if one.entry.sop_instance_uid in wanted]
        assert (await door.send(course, rest)).status_code == httpx.codes.OK
        assert (await door.verify(course)).json()["state"] == "stored"

    inside(open_door, job)


def test_a_store_that_is_down_means_later_not_lost(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        await door.announce(course)
        door.store.down = True
        answer = await door.send(course)
        assert answer.status_code == httpx.codes.CONFLICT
        reasons = {i["00081197"]["Value"][0] for i in answer.json()["00081198"]["Value"]}
        assert reasons == {0xA700}
        assert (await door.verify(course)).status_code == httpx.codes.SERVICE_UNAVAILABLE
        door.store.down = False
        assert (await door.deliver(course))["state"] == "stored"

    inside(open_door, job)


def test_harmonizing_is_tried_again_when_the_store_was_down(
    open_door: Open, course: SentCourse
) -> None:
    async def job(door: Door) -> None:
        await door.deliver(course)
        door.store.down = True
        door.service.work_through()
        assert door.service.work.counts()["waiting"] == 1
        door.store.down = False
        door.service.harmonization.harmonize(course.course_uid)
        status = await door.client.get(f"/api/v1/submissions/{course.course_uid}/1")
        assert status.json()["state"] == "harmonized"

    inside(open_door, job)


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic a2FzYXJpOng="])
def test_nobody_unknown_gets_in(open_door: Open, course: SentCourse, token: str) -> None:
    async def job(door: Door) -> None:
        door.client.headers["Authorization"] = token
        for answer in (
            await door.announce(course),
            await door.send(course),
            await door.verify(course),
        ):
            assert answer.status_code == httpx.codes.UNAUTHORIZED

    inside(open_door, job)


def test_what_a_gateway_sends_is_what_it_announces(course: SentCourse) -> None:
    """In the very bytes that the store will file it under."""
    patient = course.body.manifest.national_id
    for one in course.instances:
        found, entry = outline(one.data), one.entry
        assert found.identity == (
            patient,
            entry.study_instance_uid,
            entry.series_instance_uid,
            entry.sop_instance_uid,
        )


def test_what_is_not_multipart_is_told_so(open_door: Open) -> None:
    async def job(door: Door) -> None:
        plain = await door.client.post("/dicom-web/studies", content=b"x")
        assert plain.status_code == httpx.codes.UNSUPPORTED_MEDIA_TYPE
        kind = {"Content-Type": "multipart/related; boundary=a"}
        bent = await door.client.post("/dicom-web/studies", content=b"nonsense", headers=kind)
        assert bent.status_code == httpx.codes.BAD_REQUEST

    inside(open_door, job)


MOST_PARTS = 50
PART = b"--a\r\n\r\n\r\n"


@pytest.mark.parametrize(
    ("boundary", "body", "code"),
    [
        ("", b"--\r\n", 415),
        ('""', b"--\r\n", 415),
        ("a" * 71, b"x", 415),
        ("a" * 5000, b"x", 415),
        ("\xe4", b"x", 415),
        ("a", b"--a--\r\n", 400),
        ("a", b"", 400),
        ("a", b"--a\nX: y\n\nxx\n--a--\n", 400),
        ("a", b"--a\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\nxx\r\n--a--\r\n", 400),
        ("a", b"--a\r\n" + b"X: y\r\n" * 100_000 + b"\r\nxx\r\n--a--\r\n", 400),
        ("a", PART * (MOST_PARTS + 1) + b"--a--\r\n", 413),
        ("a", PART + b"--a--\r\n", 409),
    ],
)
def test_no_body_and_no_boundary_is_too_odd(
    open_door: Open, monkeypatch: pytest.MonkeyPatch, boundary: str, body: bytes, code: int
) -> None:
    monkeypatch.setattr("harmonizer.api.stow.MOST_PARTS", MOST_PARTS)  # many parts take long
    kind = f"multipart/related; boundary={boundary}".encode("latin-1")

    async def job(door: Door) -> None:
        answer = await door.client.post(
            "/dicom-web/studies", content=body, headers={"Content-Type": kind}
        )
        assert answer.status_code == code, answer.text

    inside(open_door, job)


def test_a_record_that_comes_later_tells_site_and_side(open_door: Open, course: SentCourse) -> None:
    national_id = course.body.manifest.national_id
    row = ClinicalRow(
        national_id=national_id,
        row_key="k1",
        source="test",
        recorded_on=date(2020, 1, 1),
        site="lung",
        laterality="R",
    )
    batch = ClinicalBatch(batch_id="b1", centre="KUH", clinical=(row,))

    async def job(door: Door) -> None:
        await door.deliver(course)
        door.service.work_through()
        context = door.service.courses.contexts()[0]
        assert context.laterality is None
        answer = await door.client.post(
            "/api/v1/clinical-batches", json=batch.model_dump(mode="json")
        )
        assert answer.json()["stored"] == 1
        assert door.service.work.counts()["waiting"] == 1
        door.service.work_through()
        context = door.service.courses.contexts([national_id])[0]
        assert (context.site, context.laterality) == ("lung", "R")
        assert door.service.harmonization.heard_of([national_id]) == 0

    inside(open_door, job)


def test_what_older_code_made_is_made_again(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        harmonization = door.service.harmonization
        await door.deliver(course)
        door.service.work_through()
        assert harmonization.reconcile() == 0
        result = harmonization.harmonize(course.course_uid)
        older = replace(result, made_by={**result.made_by, "dose": "dvh-0"})
        door.service.courses.keep(course.course_uid, older, door.service.clock.now())
        assert harmonization.reconcile() == 1
        door.service.work_through()
        assert harmonization.reconcile() == 0

    inside(open_door, job)


def test_what_comes_while_the_last_attempt_fails_is_harmonized(
    open_door: Open, course: SentCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a newer version was verified meanwhile: it has not failed, and gets its attempts."""
    monkeypatch.setattr("harmonizer.services.harmonization.ATTEMPTS", 1)

    async def state(door: Door) -> str:
        answer = await door.client.get(f"/api/v1/submissions/{course.course_uid}/1")
        return str(answer.json()["state"])

    async def job(door: Door) -> None:
        await door.deliver(course)
        service = door.service

        def fail(course_uid: str) -> None:
            service.work.add("harmonize", [course_uid], service.clock.now())
            raise DataError("INSTANCE-GONE", "an object is not there")

        with monkeypatch.context() as broken:
            broken.setattr(service.harmonization, "harmonize", fail)
            assert service.harmonization.step()
        assert await state(door) == "stored"
        service.work_through()
        assert await state(door) == "harmonized"

    inside(open_door, job)
