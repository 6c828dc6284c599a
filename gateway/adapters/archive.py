"""The archive's front door over HTTPS: announce, store (STOW-RS, PS3.18 10.5), verify."""

import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from gateway.contract.manifest import CourseCertificate
from gateway.contract.receipts import CourseHolding, Receipts, SubmissionStatus
from gateway.errors import ConfigError, RejectError, RetryError, StopError, TrustError
from gateway.ports import Answer, Spooled

BOUNDARY = "kasari-9f2c1d7a5b"
_TIMEOUT = httpx.Timeout(15.0, read=300.0, write=120.0)
_FAILED, _STORED = "00081198", "00081199"
_STATUS = TypeAdapter(SubmissionStatus)
_RECEIPTS = TypeAdapter(Receipts)
_HOLDINGS = TypeAdapter(list[CourseHolding])
_SOP, _REASON = "00081155", "00081197"
T = TypeVar("T")


def open_archive_client(
    url: str, token: str, ca_file: Path | None = None, certificate: Path | None = None
) -> httpx.Client:
    """Return a client that checks the archive's certificate and never follows a redirect.

    `certificate` holds the centre's client certificate and key in one PEM file.
    """
    try:
        verify = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        if certificate is not None:
            verify.load_cert_chain(str(certificate))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"archive.ca_file / archive.client_certificate: {type(error).__name__}; give PEM files"
        ) from None
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=url, headers=headers, verify=verify, timeout=_TIMEOUT)


class HttpArchive:
    """The `Archive` port."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def announce(
        self, course_uid: str, version: int, sealed: CourseCertificate
    ) -> SubmissionStatus:
        answer = ask(
            self._client,
            "PUT",
            f"/api/v1/submissions/{course_uid}/{version}",
            content=sealed.model_dump_json(),
            headers={"Content-Type": "application/json"},
        )
        if _code(answer) == "patient-withdrew":
            # We send for consent in force only: the archive has not heard yet that it is again.
            raise RetryError("the archive still has it that the patient withdrew")
        raise_for(answer, "course")
        return understood(_STATUS, answer, "answer to the announcement")

    def store(self, batch: Sequence[tuple[Spooled, Iterator[bytes]]]) -> Answer:
        answer = ask(
            self._client,
            "POST",
            "/dicom-web/studies",
            content=_parts(batch),
            headers={
                "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
                "Content-Length": str(_length([spooled for spooled, _ in batch])),
                "Accept": "application/dicom+json",
            },
        )
        if answer.status_code not in {200, 202, 409}:
            raise_for(answer, "course")
            raise RetryError(f"the archive answered STOW with {answer.status_code}")
        return _stow_answer(answer)

    def verify(self, course_uid: str, version: int) -> Receipts:
        answer = ask(self._client, "POST", f"/api/v1/submissions/{course_uid}/{version}/verify")
        raise_for(answer, "course")
        return understood(_RECEIPTS, answer, "list of receipts")

    def holdings(self) -> Sequence[CourseHolding]:
        answer = ask(self._client, "GET", "/api/v1/holdings")
        raise_for(answer, "course")
        return understood(_HOLDINGS, answer, "list of what it holds")


def ask(client: httpx.Client, method: str, path: str, **how: Any) -> httpx.Response:
    """Return the archive's answer. Raises `TrustError` or `RetryError` where there is none."""
    try:
        return client.request(method, path, **how)
    except httpx.HTTPError as error:
        distrust = _distrust(error)
        if distrust is not None:
            raise TrustError(f"the archive's certificate: {distrust}") from None
        # The type only: a transport message can quote addresses and payloads.
        raise RetryError(f"the archive: {type(error).__name__}") from None


def raise_for(answer: httpx.Response, what: str) -> None:
    """Raise what happens next, unless the answer is a yes. `what` was sent."""
    status = answer.status_code
    if answer.is_success:
        return
    if status in {401, 403}:
        raise StopError(f"the archive does not let this centre in ({status})")
    if status in {408, 425, 429} or status >= 500 or answer.is_redirect:
        raise RetryError(f"the archive answered {status}")
    code = _code(answer) or f"archive-{status}"
    raise RejectError(code, f"the archive refuses the {what}: {_reason(answer)}")


def understood(kind: TypeAdapter[T], answer: httpx.Response, what: str) -> T:
    """Read the body of an answer, which is the archive's `what`, or raise `RetryError`."""
    try:
        return kind.validate_json(answer.content)
    except ValidationError:
        # None of it goes on: what was not understood is quoted, and may be a clinical value.
        raise RetryError(f"the archive's {what} is not understood") from None


def _distrust(error: BaseException | None) -> str | None:
    """Return why the archive's certificate was not accepted; None if that is not what failed."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return None if error is None else error.verify_message


def _told(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _code(answer: httpx.Response) -> str:
    return str(_told(answer).get("code", ""))


def _reason(answer: httpx.Response) -> str:
    """The archive's own coded reason, cut short. Its texts hold no identifier by contract."""
    found = _told(answer)
    text = found.get("text") or found.get("detail") or found.get("code")
    return str(text or f"status {answer.status_code}")[:300]


def _head() -> bytes:
    return f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()


_TAIL = f"--{BOUNDARY}--\r\n".encode()


def _length(batch: Sequence[Spooled]) -> int:
    return sum(len(_head()) + spooled.size_bytes + 2 for spooled in batch) + len(_TAIL)


def _parts(batch: Sequence[tuple[Spooled, Iterator[bytes]]]) -> Iterator[bytes]:
    for _, chunks in batch:
        yield _head()
        yield from chunks
        yield b"\r\n"
    yield _TAIL


def _stow_answer(answer: httpx.Response) -> Answer:
    try:
        body = answer.json() if answer.content else {}
    except ValueError:
        body = {}
    if isinstance(body, list):
        body = body[0] if body else {}
    stored = tuple(_value(item, _SOP) for item in _sequence(body, _STORED))
    failed = {
        _value(item, _SOP): int(_value(item, _REASON) or 0) for item in _sequence(body, _FAILED)
    }
    return Answer(stored=stored, failed=failed)


def _sequence(body: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    return body.get(tag, {}).get("Value") or []


def _value(item: dict[str, Any], tag: str) -> str:
    values = item.get(tag, {}).get("Value") or [""]
    return str(values[0])
