"""The site Orthanc over its REST interface."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
from pyorthanc import Orthanc

from gateway.errors import RetryError
from gateway.ports import Change, Changes

PAGE = 500
PLUGIN_REFUSES = httpx.codes.INTERNAL_SERVER_ERROR
"""What Orthanc answers when its plugin puts nothing in the place of an object (1.12.7)."""
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
        if answer.status_code == PLUGIN_REFUSES:
            return None
        self._expect_ok(answer)
        told = self._content(answer)
        if told.get("Status") not in {"Success", "AlreadyStored"}:
            raise RetryError("the site Orthanc has neither stored nor refused an object")
        return str(told["ID"])

    def plugin_boot(self) -> str:
        answer = self._ask(self._client.get, f"{self._client.url}/kasari/admission")
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise RetryError("the site Orthanc runs without the plugin")
        self._expect_ok(answer)
        boot = str(self._content(answer).get("boot_id") or "")
        if not boot:
            raise RetryError("the plugin of the site Orthanc does not say since when it runs")
        return boot

    def _json(self, call: Callable[..., httpx.Response], *of: object) -> Any:
        answer = self._ask(call, *of)
        self._expect_ok(answer)
        return self._content(answer)

    @staticmethod
    def _content(answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            raise RetryError("what answers for the site Orthanc is something else") from None

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
