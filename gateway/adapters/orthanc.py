"""The site Orthanc over its REST interface."""

from collections.abc import Iterator
from typing import Any

import httpx

from gateway.errors import RetryError
from gateway.ports import Change, Changes

PAGE = 500
_TIMEOUT = httpx.Timeout(10.0, read=120.0, write=120.0)


def open_site_client(url: str, username: str, password: str) -> httpx.Client:
    """Return a client for the hospital's own network.

    It never follows a redirect and asks no proxy of the environment.
    """
    login = (username, password)
    return httpx.Client(base_url=url, auth=login, timeout=_TIMEOUT, trust_env=False)


class OrthancSiteStore:
    """The `SiteStore` port."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def changes(self, since: int) -> Changes:
        page = self._json("GET", "/changes", {"since": since, "limit": PAGE})
        return Changes(
            instances=tuple(
                Change(change["Seq"], change["ID"])
                for change in page["Changes"]
                if change["ChangeType"] == "NewInstance"
            ),
            last=page["Last"],
        )

    def last_change(self) -> int:
        found: int = self._json("GET", "/changes", {"last": ""})["Last"]
        return found

    def instance_ids(self) -> Iterator[str]:
        since = 0
        while True:
            page: list[str] = self._json("GET", "/instances", {"since": since, "limit": PAGE})
            yield from page
            if len(page) < PAGE:
                return
            since += len(page)

    def count(self) -> int:
        found: int = self._json("GET", "/statistics", {})["CountInstances"]
        return found

    def read(self, orthanc_id: str) -> bytes | None:
        answer = self._ask("GET", f"/instances/{orthanc_id}/file")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        self._expect_ok(answer)
        return answer.content

    def sender(self, orthanc_id: str) -> str:
        answer = self._ask("GET", f"/instances/{orthanc_id}/metadata/RemoteAET")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return ""
        self._expect_ok(answer)
        return answer.text.strip()

    def delete(self, orthanc_id: str) -> None:
        answer = self._ask("DELETE", f"/instances/{orthanc_id}")
        if answer.status_code != httpx.codes.NOT_FOUND:
            self._expect_ok(answer)

    def offer(self, data: bytes) -> str | None:
        answer = self._ask("POST", "/instances", content=data)
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise RetryError("the site Orthanc does not accept our password")
        if answer.is_error:
            return None
        found: str | None = answer.json().get("ID")
        return found if answer.json().get("Status") in {"Success", "AlreadyStored"} else None

    def _json(self, method: str, path: str, params: dict[str, str | int]) -> Any:
        answer = self._ask(method, path, params=params)
        self._expect_ok(answer)
        return answer.json()

    def _ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **how)
        except httpx.HTTPError as error:
            raise RetryError(f"the site Orthanc: {type(error).__name__}") from None

    @staticmethod
    def _expect_ok(answer: httpx.Response) -> None:
        if answer.is_error:
            raise RetryError(f"the site Orthanc answered {answer.status_code}")
