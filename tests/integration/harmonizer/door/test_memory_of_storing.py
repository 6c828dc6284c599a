"""What a centre's token can make the door hold in memory: what that centre still has to send."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from harmonizer.api import stow
from tests.factories.archive_world import BOUNDARY, SentCourse
from tests.integration.harmonizer.door.conftest import Door

Open = Callable[..., AbstractAsyncContextManager[Door]]
KIND = {"Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'}


class Parts(stow._Parts):
    """Notes how much was held at most."""

    most = 0

    def feed(self, chunk: bytes) -> list[stow._Part]:
        ready = super().feed(chunk)
        Parts.most = max(Parts.most, len(self._current), *(len(p.data or b"") for p in ready))
        return ready


def test_no_more_is_held_of_a_part_than_is_wanted(
    open_door: Open, course: SentCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stow, "_Parts", Parts)
    Parts.most = 0
    largest = max(one.entry.size_bytes for one in course.instances)

    async def body() -> AsyncIterator[bytes]:
        yield f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        for _ in range(40):
            yield b"x" * (largest // 4)
        yield b"\r\n" + course.multipart(list(course.instances[:2]))

    async def run() -> None:
        async with open_door() as door:
            await door.announce(course)
            answer = await door.client.post("/dicom-web/studies", content=body(), headers=KIND)
            assert answer.status_code == httpx.codes.ACCEPTED
            (failed,) = answer.json()["00081198"]["Value"]
            assert failed["00081197"]["Value"] == [0x0124]
            assert len(answer.json()["00081199"]["Value"]) == 2
            assert Parts.most <= largest
            await door.send(course)
            Parts.most = 0
            again = await door.send(course)  # nothing is wanted any more, nothing is held
            assert again.status_code == httpx.codes.OK
            assert Parts.most == 0

    asyncio.run(run())


def test_a_centre_has_so_many_turns_and_the_next_one_waits(
    open_door: Open, course: SentCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def slow(which: int) -> AsyncIterator[bytes]:
        whole = course.multipart([course.instances[which]])
        yield whole[:100]
        begun.release()
        await go_on.wait()
        yield whole[100:]

    async def run() -> None:
        async with open_door() as door:
            await door.announce(course)

            def send(which: int) -> asyncio.Task[httpx.Response]:
                sent = door.client.post("/dicom-web/studies", content=slow(which), headers=KIND)
                return asyncio.create_task(sent)

            first = [send(0), send(1)]
            for _ in first:
                await begun.acquire()
            monkeypatch.setattr(stow, "LONGEST_WAIT_S", 0.01)
            refused = await door.send(course)
            assert refused.status_code == httpx.codes.SERVICE_UNAVAILABLE
            assert refused.headers["Retry-After"]
            monkeypatch.setattr(stow, "LONGEST_WAIT_S", 60.0)
            waiting = send(2)
            go_on.set()
            answers = await asyncio.gather(*first, waiting)
            assert {answer.status_code for answer in answers} == {httpx.codes.OK}

    asyncio.run(run())


def test_a_sender_that_has_gone_without_a_word_does_not_keep_its_turn(
    open_door: Open, course: SentCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stow, "LONGEST_PAUSE_S", 0.05)

    async def silent() -> AsyncIterator[bytes]:
        yield course.multipart()[:100]
        await asyncio.sleep(60)

    async def run() -> None:
        async with open_door() as door:
            await door.announce(course)
            answer = await door.client.post("/dicom-web/studies", content=silent(), headers=KIND)
            assert answer.status_code == httpx.codes.REQUEST_TIMEOUT
            assert (await door.send(course)).status_code == httpx.codes.OK

    asyncio.run(run())
