"""The store compared with the tables: what is lost is wanted again, what is strange is counted."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import httpx

from tests.factories.archive_world import SentCourse
from tests.integration.harmonizer.door.conftest import Door

Open = Callable[..., AbstractAsyncContextManager[Door]]


def inside(open_door: Open, job: Callable[[Door], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_door() as door:
            await job(door)

    asyncio.run(run())


async def missing(door: Door) -> int:
    holdings = (await door.client.get("/api/v1/holdings")).json()
    assert len(holdings) == 1
    return int(holdings[0]["missing"])


def test_what_the_store_lost_is_wanted_again_and_comes_again(
    open_door: Open, course: SentCourse
) -> None:
    async def job(door: Door) -> None:
        await door.deliver(course)
        scan = door.service.reconciliation.scan()
        assert (scan.in_store, scan.newly_lost, scan.unexplained) == (len(course.instances), 0, 0)
        assert await missing(door) == 0
        lost = sorted(door.store.objects)[:3]
        for uid in lost:
            del door.store.objects[uid]
        assert door.service.reconciliation.scan().newly_lost == 3
        assert door.service.reconciliation.scan().newly_lost == 0  # noted already
        assert await missing(door) == 3
        assert door.service.reconciliation.status()["lost"] == 3
        assert sorted((await door.announce(course)).json()["wanted"]) == lost
        puts = door.store.puts
        await door.deliver(course)
        assert door.store.puts == puts + len(lost)
        assert await missing(door) == 0
        assert door.service.reconciliation.status()["lost"] == 0

    inside(open_door, job)


def test_what_nobody_announced_is_counted_and_left_alone(
    open_door: Open, course: SentCourse
) -> None:
    async def job(door: Door) -> None:
        await door.announce(course)
        digest = course.instances[0].entry.sha256
        expected = door.service.submissions.admit("KUH", digest)[digest]
        door.store.put(expected.key, course.instances[0].data)  # stored, its answer still under way
        door.store.objects["2.25.4711"] = b"somebody else"
        scan = door.service.reconciliation.scan()
        assert (scan.in_store, scan.newly_lost, scan.unexplained) == (2, 0, 1)
        assert "2.25.4711" in door.store.objects

    inside(open_door, job)


def test_a_centre_sees_its_own_courses_only(open_door: Open, course: SentCourse) -> None:
    async def own(door: Door) -> None:
        await door.deliver(course)

    async def stranger() -> None:
        async with open_door("Tyks") as door:
            answer = await door.client.get("/api/v1/holdings")
            assert (answer.status_code, answer.json()) == (httpx.codes.OK, [])

    inside(open_door, own)
    asyncio.run(stranger())


def test_what_is_damaged_in_the_store_is_wanted_again(open_door: Open, course: SentCourse) -> None:
    async def job(door: Door) -> None:
        await door.deliver(course)
        reconciliation = door.service.reconciliation
        number = len(course.instances)
        damaged = sorted(door.store.objects)[1]
        whole = door.store.objects[damaged]
        door.store.objects[damaged] = whole[:-1] + bytes([whole[-1] ^ 1])
        # from wherever it begins, all were read after two rounds of two steps
        assert sum(reconciliation.scrub(number // 2 + 1) for _ in range(4)) == 1
        assert await missing(door) == 1
        await door.deliver(course)
        assert door.store.objects[damaged] == whole
        assert sum(reconciliation.scrub(number // 2 + 1) for _ in range(4)) == 0

    inside(open_door, job)
