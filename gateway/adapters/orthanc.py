"""The site Orthanc over its REST interface."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
from pyorthanc import Orthanc

from gateway.errors import RetryError
from gateway.ports import Change, Changes

PAGE = 500
_TIMEOUT = httpx.Timeout(10.0, read=120.0, write=120.0)


def open_site_client(
    url: str, username: str, password: str, transport: httpx.BaseTransport | None = None
) -> Orthanc:
    """Return a client for the hospital's own network.

    It never follows a redirect and asks no proxy of the environment.
    """
    return Orthanc(
        url,
        username,
        password,
        return_raw_response=True,
        timeout=_TIMEOUT,
        trust_env=False,
        transport=transport,
    )


class OrthancSiteStore:
    """The `SiteStore` port."""

    def __init__(self, client: Orthanc) -> None:
        self._client = client

    def changes(self, since: int) -> Changes:
        page = self._json(self._client.get_changes, {"since": since, "limit": PAGE})
        return Changes(
            instances=tuple(
                Change(change["Seq"], change["ID"])
                for change in page["Changes"]
                if change["ChangeType"] == "NewInstance"
            ),
            last=page["Last"],
        )

    def last_change(self) -> int:
        found: int = self._json(self._client.get_changes, {"last": ""})["Last"]
        return found

    def instance_ids(self) -> Iterator[str]:
        since = 0
        while True:
            wanted = {"since": since, "limit": PAGE}
            page: list[str] = self._json(self._client.get_instances, wanted)
            yield from page
            if len(page) < PAGE:
                return
            since += len(page)

    def count(self) -> int:
        found: int = self._json(self._client.get_statistics)["CountInstances"]
        return found

    def read(self, orthanc_id: str) -> bytes | None:
        answer = self._ask(self._client.get_instances_id_file, orthanc_id)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        self._expect_ok(answer)
        return answer.content

    def sender(self, orthanc_id: str) -> str:
        answer = self._ask(self._client.get_instances_id_metadata_name, orthanc_id, "RemoteAET")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return ""
        self._expect_ok(answer)
        return answer.text.strip()

    def delete(self, orthanc_id: str) -> None:
        answer = self._ask(self._client.delete_instances_id, orthanc_id)
        if answer.status_code != httpx.codes.NOT_FOUND:
            self._expect_ok(answer)

    def offer(self, data: bytes) -> str | None:
        answer = self._ask(self._client.post_instances, data)
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise RetryError("the site Orthanc does not accept our password")
        if answer.is_error:
            return None
        found: str | None = answer.json().get("ID")
        return found if answer.json().get("Status") in {"Success", "AlreadyStored"} else None

    def _json(self, call: Callable[..., httpx.Response], *of: object) -> Any:
        answer = self._ask(call, *of)
        self._expect_ok(answer)
        return answer.json()

    @staticmethod
    def _ask(call: Callable[..., httpx.Response], *of: object) -> httpx.Response:
        try:
            return call(*of)
        except httpx.HTTPError as error:
            raise RetryError(f"the site Orthanc: {type(error).__name__}") from None

    @staticmethod
    def _expect_ok(answer: httpx.Response) -> None:
        if answer.is_error:
            raise RetryError(f"the site Orthanc answered {answer.status_code}")
