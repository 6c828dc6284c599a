"""QIDO-RS and WADO-RS for readers (PS3.18 10.4 and 10.6). Storing is in `stow`.

What is unknown and what is not finished are answered alike: 404.
"""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from harmonizer.api.access import READERS, Caller, audited, require
from harmonizer.domain.cohorts import Level
from harmonizer.domain.studies import InstanceKey
from harmonizer.errors import NotFoundError, RefusedError, RetryError
from harmonizer.services.cohorts import Answer, CohortService, Found

router = APIRouter(prefix="/dicom-web", tags=["DICOMweb"])

JSON: Final = "application/dicom+json"
Uid = Annotated[str, Path(pattern=r"^[0-9]+(\.[0-9]+)*$", max_length=64)]
FRAMES: Final = re.compile(r"[1-9][0-9]{0,5}(,[1-9][0-9]{0,5}){0,999}")
BULK: Final = re.compile(r"[0-9a-fA-F]{8}(/[1-9][0-9]{0,5}/[0-9a-fA-F]{8}){0,16}")
ACCEPT: Final = re.compile(r"[\w \t!#$%&'*+./;:=?@\",^`|~-]{0,500}")
SYNTAX: Final = re.compile(r"transfer-syntax\s*=\s*\"?([0-9.]+|\*)\"?")
EXPLICIT: Final = "1.2.840.10008.1.2.1"
AS_STORED: Final = {"*", EXPLICIT}
ANYTHING: Final = {"*/*", 'multipart/related; type="*/*"', "multipart/related"}
STORED_BYTES: Final = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'


def cohort_service(request: Request) -> CohortService:
    service: CohortService = request.app.state.cohorts
    return service


Cohorts = Annotated[CohortService, Depends(cohort_service)]
Reader = require(*READERS)


@router.get("/studies")
async def find_studies(request: Request, cohorts: Cohorts, caller: Caller = Reader) -> JSONResponse:
    return await _found(request, caller, cohorts, Level.STUDY)


@router.get("/series")
async def find_series(request: Request, cohorts: Cohorts, caller: Caller = Reader) -> JSONResponse:
    return await _found(request, caller, cohorts, Level.SERIES)


@router.get("/instances")
async def find_instances(
    request: Request, cohorts: Cohorts, caller: Caller = Reader
) -> JSONResponse:
    return await _found(request, caller, cohorts, Level.INSTANCE)


@router.get("/studies/{study}/series")
async def find_series_of_study(
    study: Uid, request: Request, cohorts: Cohorts, caller: Caller = Reader
) -> JSONResponse:
    return await _found(request, caller, cohorts, Level.SERIES, study)


@router.get("/studies/{study}/instances")
async def find_instances_of_study(
    study: Uid, request: Request, cohorts: Cohorts, caller: Caller = Reader
) -> JSONResponse:
    return await _found(request, caller, cohorts, Level.INSTANCE, study)


@router.get("/studies/{study}/series/{series}/instances")
async def find_instances_of_series(
    study: Uid, series: Uid, request: Request, cohorts: Cohorts, caller: Caller = Reader
) -> JSONResponse:
    return await _found(request, caller, cohorts, Level.INSTANCE, study, series)


@router.get("/studies/{study}/metadata")
async def read_study_metadata(
    study: Uid, request: Request, cohorts: Cohorts, caller: Caller = Reader
) -> Response:
    return await _metadata(request, caller, cohorts, study)


@router.get("/studies/{study}/series/{series}/metadata")
async def read_series_metadata(
    study: Uid, series: Uid, request: Request, cohorts: Cohorts, caller: Caller = Reader
) -> Response:
    return await _metadata(request, caller, cohorts, study, series)


@router.get("/studies/{study}/series/{series}/instances/{instance}/metadata")
async def read_instance_metadata(
    study: Uid,
    series: Uid,
    instance: Uid,
    request: Request,
    cohorts: Cohorts,
    caller: Caller = Reader,
) -> Response:
    return await _metadata(request, caller, cohorts, study, series, instance)


@router.get("/studies/{study}")
async def read_study(
    study: Uid, request: Request, cohorts: Cohorts, caller: Caller = Reader
) -> Response:
    return await _instances(request, caller, cohorts, study)


@router.get("/studies/{study}/series/{series}")
async def read_series(
    study: Uid, series: Uid, request: Request, cohorts: Cohorts, caller: Caller = Reader
) -> Response:
    return await _instances(request, caller, cohorts, study, series)


@router.get("/studies/{study}/series/{series}/instances/{instance}")
async def read_instance(
    study: Uid,
    series: Uid,
    instance: Uid,
    request: Request,
    cohorts: Cohorts,
    caller: Caller = Reader,
) -> Response:
    return await _instances(request, caller, cohorts, study, series, instance)


@router.get("/studies/{study}/series/{series}/instances/{instance}/{rest:path}")
async def read_part(
    study: Uid,
    series: Uid,
    instance: Uid,
    rest: str,
    request: Request,
    cohorts: Cohorts,
    caller: Caller = Reader,
) -> Response:
    """Return frames, a rendered picture, or bulk data of one instance, as the store makes it."""
    kind, _, detail = rest.partition("/")
    numbers = detail.removesuffix("/rendered")
    allowed = {
        "frames": FRAMES.fullmatch(numbers) is not None,
        "rendered": not detail,
        "bulk": BULK.fullmatch(detail) is not None,
    }
    if not allowed.get(kind, False):
        raise NotFoundError("there is no such resource")
    await cohorts.keys(study, series, instance)
    await _record(request, caller, f"wado-{kind}", f"{study}/{series}/{instance}")
    place = f"{study}/series/{series}/instances/{instance}/{rest}"
    wants_bytes = kind != "rendered" and not rest.endswith("/rendered")
    return await _passed_on(request, cohorts, place, STORED_BYTES if wants_bytes else "*/*")


async def _found(
    request: Request,
    caller: Caller,
    cohorts: CohortService,
    level: Level,
    study: str | None = None,
    series: str | None = None,
) -> JSONResponse:
    parameters = request.query_params.multi_items()
    found: Found = await cohorts.search(level, parameters, study, series)
    asked = "&".join(f"{key}={value}" for key, value in parameters)
    where = "/".join(uid for uid in (study, series) if uid)
    await _record(request, caller, f"qido-{level}", f"{where}?{asked}")
    headers = {}
    if found.cut:
        headers["Warning"] = '299 kasari "There are additional results that can be requested"'
    return JSONResponse(found.datasets, 200, headers, JSON)


async def _metadata(
    request: Request,
    caller: Caller,
    cohorts: CohortService,
    study: str,
    series: str | None = None,
    instance: str | None = None,
) -> Response:
    keys = await cohorts.keys(study, series, instance)
    await _record(request, caller, "wado-metadata", _subject(study, series, instance))
    return StreamingResponse(_listed(cohorts.metadata(keys)), media_type=JSON)


async def _listed(datasets: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    """Write a JSON array item by item."""
    before = b"["
    async for dataset in datasets:
        text = await asyncio.to_thread(json.dumps, dataset, separators=(",", ":"))
        yield before + text.encode()
        before = b","
    yield b"[]" if before == b"[" else b"]"


async def _instances(
    request: Request,
    caller: Caller,
    cohorts: CohortService,
    study: str,
    series: str | None = None,
    instance: str | None = None,
) -> Response:
    keys = await cohorts.keys(study, series, instance)
    await _record(request, caller, "wado-retrieve", _subject(study, series, instance))
    syntax = SYNTAX.search(request.headers.get("accept", ""))
    if syntax is not None and syntax[1] not in AS_STORED:
        return await _transcoded(request, cohorts, keys)
    boundary = secrets.token_hex(16)
    media_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
    parts = _parts(cohorts, keys, boundary.encode())
    first = await anext(parts)  # a store that does not answer is told before the head is sent
    return StreamingResponse(_continued(first, parts), media_type=media_type)


async def _continued(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


async def _parts(
    cohorts: CohortService, keys: Sequence[InstanceKey], boundary: bytes
) -> AsyncIterator[bytes]:
    """Send file after file as it was stored and verified; a chunk at a time is in memory."""
    for key in keys:
        async with cohorts.file(key) as answer:
            if answer.status != 200:
                # a cut connection is the only way left to say that the answer is not whole
                raise RetryError("an instance could not be read from the archive's store")
            yield b"--%s\r\nContent-Type: application/dicom\r\n\r\n" % boundary
            async for chunk in answer.chunks:
                yield chunk
            yield b"\r\n"
    yield b"--%s--\r\n" % boundary


async def _transcoded(
    request: Request, cohorts: CohortService, keys: Sequence[InstanceKey]
) -> Response:
    """Have the store convert one instance; of many, some might not be for reading yet."""
    if len(keys) > 1:
        text = "another transfer syntax is given for single instances; ask for each"
        raise RefusedError("not-acceptable", text, 406)
    key = keys[0]
    place = f"{key.study_instance_uid}/series/{key.series_instance_uid}/instances/"
    return await _passed_on(request, cohorts, place + key.sop_instance_uid, "*/*")


async def _passed_on(request: Request, cohorts: CohortService, place: str, usual: str) -> Response:
    """Give the store's answer on, chunk by chunk, and only its body and media type.

    `usual` is asked for where the reader takes anything: Orthanc wants it said.
    """
    accept = request.headers.get("accept", "*/*")
    accept = usual if accept.strip() in ANYTHING else accept
    if not ACCEPT.fullmatch(accept):
        raise RefusedError("not-acceptable", "the Accept header cannot be read", 406)
    relayed = _relayed(cohorts.open(place, accept))
    answer: Answer = await anext(relayed)
    if answer.status != 200:
        await relayed.aclose()
        if answer.status >= 500:
            raise RetryError(f"the archive's store answered {answer.status}")
        raise RefusedError("not-acceptable", "the store cannot give this as asked", 406)
    return StreamingResponse(relayed, media_type=answer.media_type)


async def _relayed(opened: AbstractAsyncContextManager[Answer]) -> AsyncGenerator[Any, None]:
    """Yield the head of an answer, then its chunks.

    One generator holds the connection from the first moment: however the reader goes away, its
    end gives the connection back.
    """
    async with opened as answer:
        yield answer
        async for chunk in answer.chunks:
            yield chunk


def _subject(study: str, series: str | None, instance: str | None) -> str:
    return "/".join(uid for uid in (study, series, instance) if uid)


async def _record(request: Request, caller: Caller, action: str, subject: str) -> None:
    await asyncio.to_thread(audited, request, caller, action, subject)
