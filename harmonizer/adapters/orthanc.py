"""The archive's Orthanc over its REST interface. Only this service talks to it."""

import json
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple
from hashlib import sha1
from typing import Any, Final

import httpx

from harmonizer.adapters.database import chunks
from harmonizer.adapters.nesting import UnreadableError, outline
from harmonizer.domain.studies import InstanceKey
from harmonizer.errors import RefusedError, RetryError

PAGE: Final = 500
AT_ONCE: Final = 100
"""Files that are asked about in one request."""
REPORT_ATTACHMENT: Final = "4001"
"""User-defined attachments of Orthanc begin at 1024; DICOMweb's own cache is 4301."""
DEEPEST: Final = 16
"""Levels of sequences. Radiotherapy objects have some five; Orthanc ends at about fifty."""
LABEL_PREFIX: Final = "kasari-"
_TIMEOUT = httpx.Timeout(10.0, read=300.0, write=120.0)
_LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=16)


def open_orthanc_client(url: str, username: str, password: str) -> httpx.Client:
    """Return a client that never follows a redirect and asks no proxy of the environment."""
    login = (username, password)
    return httpx.Client(base_url=url, auth=login, timeout=_TIMEOUT, limits=_LIMITS, trust_env=False)


def orthanc_id(*identifiers: str) -> str:
    """Return the id that Orthanc gives to a resource: from PatientID and UIDs, top down."""
    digest = sha1("|".join(identifiers).encode(), usedforsecurity=False).hexdigest()
    return "-".join(digest[start : start + 8] for start in range(0, 40, 8))


def _instance_id(key: InstanceKey) -> str:
    return orthanc_id(
        key.national_id, key.study_instance_uid, key.series_instance_uid, key.sop_instance_uid
    )


def _refuse_unfit(key: InstanceKey, data: bytes) -> None:
    """The store overwrites whatever the bytes say they are: that must be what was announced."""
    try:
        found = outline(data)
    except UnreadableError as error:
        raise RefusedError("unreadable", str(error)) from None
    if found.depth > DEEPEST:
        text = f"sequences are nested {found.depth} deep; the store takes {DEEPEST} at most"
        raise RefusedError("nested-too-deep", text)
    if found.identity != astuple(key):
        raise RefusedError("other-object", "the object is not the one that was announced")


class OrthancArchive:
    """The `ArchiveStore` port."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def put(self, key: InstanceKey, data: bytes) -> None:
        _refuse_unfit(key, data)
        answer = self._ask("POST", "/instances", content=data)
        if answer.status_code in {httpx.codes.BAD_REQUEST, httpx.codes.INTERNAL_SERVER_ERROR}:
            # Orthanc answers 400 to what it cannot parse and 500 to what the plugin refuses.
            raise RefusedError("store-refuses", "the archive's store does not take this object")
        self._expect_ok(answer)
        if answer.json().get("Status") not in {"Success", "AlreadyStored"}:
            raise RetryError("the archive's store did not keep an instance")

    def read(self, key: InstanceKey) -> bytes | None:
        answer = self._ask("GET", f"/instances/{_instance_id(key)}/file")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        self._expect_ok(answer)
        return answer.content

    def headings(self, keys: Sequence[InstanceKey]) -> Mapping[str, bytes]:
        return {uid: b64decode(told) for uid, told in self._told("headings", keys)}

    def digests(self, keys: Sequence[InstanceKey]) -> Mapping[str, str]:
        return dict(self._told("digests", keys))

    def _told(self, what: str, keys: Sequence[InstanceKey]) -> Iterator[tuple[str, str]]:
        """Ask our plugin in the store about many files at once."""
        for part in chunks(keys, AT_ONCE):
            uids = {_instance_id(key): key.sop_instance_uid for key in part}
            answer = self._ask("POST", f"/kasari/{what}", json=list(uids))
            self._expect_ok(answer)
            yield from ((uids[own_id], told) for own_id, told in answer.json().items())

    def delete(self, key: InstanceKey) -> None:
        answer = self._ask("DELETE", f"/instances/{_instance_id(key)}")
        if answer.status_code != httpx.codes.NOT_FOUND:
            self._expect_ok(answer)

    def delete_patient(self, national_id: str) -> None:
        answer = self._ask("DELETE", f"/patients/{orthanc_id(national_id)}")
        if answer.status_code != httpx.codes.NOT_FOUND:
            self._expect_ok(answer)

    def patients(self, national_ids: Collection[str]) -> set[str]:
        asked = {orthanc_id(one): one for one in national_ids}
        return {asked[own_id] for own_id in self._listed("/patients") if own_id in asked}

    def count(self) -> int:
        return int(self._json("/statistics", {})["CountInstances"])

    def ids(self) -> Iterator[str]:
        return self._listed("/instances")

    def id_of(self, key: InstanceKey) -> str:
        return _instance_id(key)

    def mirror(
        self, study_instance_uids: Sequence[str], labels: Collection[str], report: Mapping[str, Any]
    ) -> None:
        body = json.dumps(report, ensure_ascii=False, sort_keys=True).encode()
        patient = str(report["national_id"])
        for uid in study_instance_uids:
            study = orthanc_id(patient, uid)
            old = set(self._json(f"/studies/{study}/labels", {}))
            for label in sorted(old - set(labels)):
                if label.startswith(LABEL_PREFIX):
                    self._expect_ok(self._ask("DELETE", f"/studies/{study}/labels/{label}"))
            for label in sorted(set(labels) - old):
                self._expect_ok(self._ask("PUT", f"/studies/{study}/labels/{label}"))
            place = f"/studies/{study}/attachments/{REPORT_ATTACHMENT}"
            self._expect_ok(self._ask("PUT", place, content=body))

    def is_alive(self) -> bool:
        """Whether the store answers us."""
        try:
            return self._ask("GET", "/system").is_success
        except RetryError:
            return False

    def _listed(self, path: str) -> Iterator[str]:
        since = 0
        while True:
            page: list[str] = self._json(path, {"since": since, "limit": PAGE})
            yield from page
            if len(page) < PAGE:
                return
            since += len(page)

    def _json(self, path: str, params: dict[str, str | int]) -> Any:
        answer = self._ask("GET", path, params=params)
        self._expect_ok(answer)
        return answer.json()

    def _ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **how)
        except httpx.HTTPError as error:
            raise RetryError(f"the archive's Orthanc: {type(error).__name__}") from None

    @staticmethod
    def _expect_ok(answer: httpx.Response) -> None:
        if answer.is_error:
            raise RetryError(f"the archive's Orthanc answered {answer.status_code}")
