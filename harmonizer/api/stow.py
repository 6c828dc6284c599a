"""STOW-RS (PS3.18 10.5): parts are stored as they arrive, only what a certificate lists.

A part is admitted by the digest of its bytes, so that nothing unknown is ever parsed. Of one that
is larger than anything that its centre still has to send, only the digest is kept.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import Message
from hashlib import sha256
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from gateway.contract.dimse import DimseStatus
from harmonizer.api.access import Caller, require
from harmonizer.domain.studies import Expected
from harmonizer.errors import RefusedError, RetryError
from harmonizer.services.submission import Stored, SubmissionService, stored

router = APIRouter(tags=["DICOMweb"])

AT_ONCE: Final = 4
"""Parts in work at the same time: bounds memory."""
LONGEST_WAIT_S: Final = 90.0
"""For a turn. A gateway that cannot write for 120 s gives up."""
LONGEST_PAUSE_S: Final = 300.0
"""Between two pieces of a body: senders may have a limit of their own."""
MOST_PARTS: Final = 10_000
"""Of one request: what became of each is kept until its end."""
BOUNDARY: Final = re.compile(r"[ -~]{0,69}[!-~]")
"""RFC 2046, 5.1.1."""
MEDIA_TYPE: Final = "application/dicom+json"


@dataclass(frozen=True)
class _Part:
    digest: str
    """Empty where the bytes are here: it is taken of them by another thread."""
    data: bytes | None
    """None if no instance of that size is wanted."""


class Turns:
    """How many requests of each centre are read at once. The others wait, their bodies unread."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._centres: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def of(self, centre: str) -> AsyncIterator[None]:
        """Wait for a turn. Raises `RetryError` if none comes."""
        turn = self._centres.setdefault(centre, asyncio.Semaphore(self._at_once))
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                await turn.acquire()
        except TimeoutError:
            raise RetryError("this centre is sending as much as it may; send it again") from None
        try:
            yield
        finally:
            turn.release()


class _Parts:
    """Collects the parts of a multipart body as chunks come in."""

    def __init__(self, boundary: bytes, largest: int, wanted: int) -> None:
        self._largest = largest
        self._wanted = wanted
        self._size = 0
        self._current = bytearray()
        self._digest = sha256()
        self._ready: list[_Part] = []
        self.ended = False
        self.count = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
        )

    def feed(self, chunk: bytes) -> list[_Part]:
        """Take a chunk; returns the parts that it completed."""
        self._parser.write(chunk)
        ready, self._ready = self._ready, []
        return ready

    def _begin(self) -> None:
        self.count += 1
        if self.count > MOST_PARTS:
            text = f"more than {MOST_PARTS} instances in one request; send the rest in another"
            raise RefusedError("too-many-parts", text, 413)
        self._size = 0
        self._current = bytearray()

    def _data(self, data: bytes, start: int, end: int) -> None:
        was, self._size = self._size, self._size + end - start
        if self._size > self._largest:
            raise RefusedError("instance-too-large", "an instance is larger than allowed", 413)
        if self._size <= self._wanted:
            self._current += memoryview(data)[start:end]
            return
        if was <= self._wanted:
            self._digest = sha256(self._current)
            self._current = bytearray()
        self._digest.update(memoryview(data)[start:end])

    def _end(self) -> None:
        if self._size <= self._wanted:
            self._ready.append(_Part("", bytes(self._current)))
        else:
            self._ready.append(_Part(self._digest.hexdigest(), None))
        self._current = bytearray()

    def _finish(self) -> None:
        self.ended = True


@router.post("/dicom-web/studies")
async def store_instances(request: Request, caller: Caller = require("site")) -> JSONResponse:
    """Store the instances of an announced course."""
    return await _store(request, caller, None)


@router.post("/dicom-web/studies/{study_instance_uid}")
async def store_in_study(
    study_instance_uid: str, request: Request, caller: Caller = require("site")
) -> JSONResponse:
    """Store instances that must be of one study."""
    return await _store(request, caller, study_instance_uid)


async def _store(request: Request, caller: Caller, study: str | None) -> JSONResponse:
    service: SubmissionService = request.app.state.submissions
    pool: ThreadPoolExecutor = request.app.state.storers
    boundary, centre = _boundary(request), caller.centre or ""
    turns: Turns = request.app.state.turns
    async with turns.of(centre):
        loop = asyncio.get_running_loop()
        wanted = await loop.run_in_executor(pool, service.largest_wanted, centre)
        parts = _Parts(boundary, request.app.state.largest_instance, wanted)
        answers = await _kept(request, parts, _Keeper(service, pool, centre, study))
    if not parts.ended:
        raise RefusedError("cut-off", "the body ended in the middle of a part; send it again", 400)
    if not parts.count:
        raise RefusedError("no-instances", "the body holds no instance", 400)
    return _answer(answers)


async def _kept(request: Request, parts: _Parts, keeper: "_Keeper") -> Sequence[Stored]:
    with request.app.state.intake.receiving():
        try:
            async for part in _complete(request, parts):
                await keeper.take(part)
        except MultipartParseError:
            raise RefusedError("bad-multipart", "the body is not multipart/related", 400) from None
        finally:
            answers = await keeper.finish()
    return answers


async def _complete(request: Request, parts: _Parts) -> AsyncIterator[_Part]:
    """Yield part after part. A sender who has gone without a word does not keep its turn."""
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(LONGEST_PAUSE_S):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise RefusedError(
                "too-slow", "nothing has come for minutes; send it again", 408
            ) from None
        if chunk is None:
            return
        for part in parts.feed(chunk):
            yield part


class _Keeper:
    """Stores parts in threads, a few at a time, and has all read back at the end."""

    def __init__(
        self, service: SubmissionService, pool: ThreadPoolExecutor, centre: str, study: str | None
    ) -> None:
        self._service = service
        self._pool = pool
        self._centre = centre
        self._study = study
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._running: list[asyncio.Task[None]] = []
        self._admitted: dict[str, Expected] = {}
        self._kept: list[Expected] = []
        self._refused: list[Stored] = []

    async def take(self, part: _Part) -> None:
        """Begin to store a part; waits while too many are in work."""
        await self._slots.acquire()
        self._running.append(asyncio.create_task(self._keep(part)))

    async def finish(self) -> Sequence[Stored]:
        """Wait for every part, and have what was stored read back."""
        results = await asyncio.gather(*self._running, return_exceptions=True)
        loop = asyncio.get_running_loop()
        confirmed = await loop.run_in_executor(self._pool, self._service.confirm, self._kept)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [*confirmed, *self._refused]

    async def _keep(self, part: _Part) -> None:
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._pool, self._keep_now, part)
        finally:
            self._slots.release()

    def _keep_now(self, part: _Part) -> None:
        expected = self._expected(part.digest or sha256(part.data or b"").hexdigest())
        if expected is None or self._study not in {None, expected.key.study_instance_uid}:
            self._refused.append(Stored("", "", "", DimseStatus.NOT_AUTHORIZED))
        elif failure := self._failure(expected, part.data):
            self._refused.append(stored(expected, failure))
        else:
            self._kept.append(expected)

    def _failure(self, expected: Expected, data: bytes | None) -> int | None:
        if data is not None:
            return self._service.keep(expected, data)
        # here already, whose bytes are not needed; or announced since this request began
        return None if expected.verified else DimseStatus.OUT_OF_RESOURCES

    def _expected(self, digest: str) -> Expected | None:
        if digest not in self._admitted:
            self._admitted.update(self._service.admit(self._centre, digest))
        return self._admitted.get(digest)


def _boundary(request: Request) -> bytes:
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    boundary = message.get_param("boundary")
    is_whole = isinstance(boundary, str) and BOUNDARY.fullmatch(boundary)
    if message.get_content_type() != "multipart/related" or not is_whole:
        text = 'send multipart/related; type="application/dicom" with a boundary'
        raise RefusedError("not-multipart", text, 415)
    return str(boundary).encode()


def _answer(answers: Sequence[Stored]) -> JSONResponse:
    kept = [one for one in answers if one.failure is None]
    failed = [one for one in answers if one.failure is not None]
    body: dict[str, Any] = {}
    if kept:
        body["00081199"] = _sequence([_reference(one) for one in kept])
    if failed:
        body["00081198"] = _sequence(
            [_reference(one) | {"00081197": _us(one.failure or 0)} for one in failed]
        )
    status = 200 if not failed else 202 if kept else 409
    return JSONResponse(body, status, media_type=MEDIA_TYPE)


def _reference(one: Stored) -> dict[str, Any]:
    return {
        "00081150": {"vr": "UI", "Value": [one.sop_class_uid]},
        "00081155": {"vr": "UI", "Value": [one.sop_instance_uid]},
    }


def _sequence(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"vr": "SQ", "Value": items}


def _us(value: int) -> dict[str, Any]:
    return {"vr": "US", "Value": [value]}
