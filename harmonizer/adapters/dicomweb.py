"""The archive's Orthanc for reading: DICOMweb searches and streams, files as they were stored."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from harmonizer.adapters.orthanc import orthanc_id
from harmonizer.domain.cohorts import Level
from harmonizer.domain.studies import InstanceKey
from harmonizer.errors import RetryError
from harmonizer.ports import Answer

JSON: Final = "application/dicom+json"
PLACES: Final = {Level.STUDY: "studies", Level.SERIES: "series", Level.INSTANCE: "instances"}
_TIMEOUT: Final = httpx.Timeout(10.0, read=300.0, pool=60.0)
_LIMITS: Final = httpx.Limits(max_connections=32, max_keepalive_connections=16)


def open_reading_client(
    url: str, username: str, password: str, public_url: str
) -> httpx.AsyncClient:
    """Return a client that never follows a redirect and asks no proxy of the environment.

    `public_url` goes into the store's own URLs (Content-Location): readers see no other host.
    """
    public = urlsplit(public_url)
    return httpx.AsyncClient(
        base_url=url,
        auth=(username, password),
        timeout=_TIMEOUT,
        limits=_LIMITS,
        trust_env=False,
        headers={
            "Accept-Encoding": "identity",
            # Orthanc does not take the quotes that RFC 7239 asks for around a port
            "Forwarded": f"host={public.netloc};proto={public.scheme}",
        },
    )


class OrthancDicomWeb:
    """The `DicomWeb` port."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def search(
        self, level: Level, parameters: Sequence[tuple[str, str]]
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._json(f"/dicom-web/{PLACES[level]}", parameters)
        return found or []

    async def metadata(self, key: InstanceKey, *, of_series: bool) -> list[dict[str, Any]]:
        place = f"/dicom-web/studies/{key.study_instance_uid}/series/{key.series_instance_uid}"
        if not of_series:
            place += f"/instances/{key.sop_instance_uid}"
        found: list[dict[str, Any]] | None = await self._json(f"{place}/metadata", [])
        return found or []

    @asynccontextmanager
    async def open(self, place: str, accept: str) -> AsyncIterator[Answer]:
        async with self._stream(f"/dicom-web/studies/{place}", {"Accept": accept}) as answer:
            yield answer

    @asynccontextmanager
    async def file(self, key: InstanceKey) -> AsyncIterator[Answer]:
        name = orthanc_id(
            key.national_id, key.study_instance_uid, key.series_instance_uid, key.sop_instance_uid
        )
        async with self._stream(f"/instances/{name}/file", {}) as answer:
            yield answer

    async def close(self) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def _stream(self, path: str, headers: dict[str, str]) -> AsyncIterator[Answer]:
        request = self._client.build_request("GET", path, headers=headers)
        try:
            answer = await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise _silent(error) from None
        try:
            media_type = answer.headers.get("content-type", "application/octet-stream")
            yield Answer(answer.status_code, media_type, answer.aiter_bytes())
        finally:
            await answer.aclose()

    async def _json(self, path: str, parameters: Sequence[tuple[str, str]]) -> Any:
        try:
            answer = await self._client.get(path, params=list(parameters), headers={"Accept": JSON})
        except httpx.HTTPError as error:
            raise _silent(error) from None
        if answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.NO_CONTENT}:
            return None
        if answer.is_error:
            raise RetryError(f"the archive's Orthanc answered {answer.status_code}")
        return json.loads(answer.content)


def _silent(error: httpx.HTTPError) -> RetryError:
    return RetryError(f"the archive's Orthanc: {type(error).__name__}")
