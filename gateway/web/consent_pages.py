"""The page on consents: a list is looked at before it is imported.

What was looked at stays in memory for a while, so that just that is imported: never on disk.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, Response

from gateway.api.access import OPERATORS, STEWARDS
from gateway.domain.submission import LONGEST_COMMENT
from gateway.errors import RejectError
from gateway.web.frame import caller, opened, page

LIVES = timedelta(minutes=15)
MOST = 8

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True)
class _Kept:
    by: str
    body: bytes
    until: datetime


class Previews:
    """Lists that somebody has looked at and not yet imported, by a name that nobody can guess."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def keep(self, by: str, body: bytes, now: datetime) -> str:
        alive = {name: one for name, one in self._kept.items() if one.until > now and one.by != by}
        name = secrets.token_urlsafe(16)
        self._kept = {**dict(list(alive.items())[1 - MOST :]), name: _Kept(by, body, now + LIVES)}
        return name

    def take(self, name: str, by: str, now: datetime) -> bytes | None:
        """Return the list, once, to whoever looked at it."""
        found = self._kept.get(name)
        if found is None or found.by != by or found.until <= now:
            return None
        del self._kept[name]
        return found.body


@router.get("/consents")
def show_consents(request: Request) -> Response:
    return page(request, "consents.html", counts=opened(request, *OPERATORS).consents.counts())


@router.post("/consents")
def read_list(
    request: Request,
    file: Annotated[UploadFile, File()],
    action: Annotated[str, Form(max_length=16)] = "preview",
) -> Response:
    state = opened(request, *OPERATORS)
    return _reported(request, state, file.file.read(), commit=action == "import")


@router.post("/consents/import")
def import_previewed(
    request: Request, preview: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    state = opened(request, *OPERATORS)
    body = state.previews.take(preview, caller(request), state.clock.now())
    if body is None:
        counts = state.consents.counts()
        wrong = "Nothing was imported: this preview is too old. Choose the file again."
        return page(request, "consents.html", 422, counts=counts, wrong=wrong)
    return _reported(request, state, body, commit=True)


@router.get("/statements")
def show_statements(request: Request) -> Response:
    opened(request, *STEWARDS)
    return page(request, "statements.html")


@router.post("/statements")
def read_or_annul(
    request: Request,
    patient_id: Annotated[str, Form(max_length=64)] = "",
    statement: Annotated[int, Form()] = 0,
    comment: Annotated[str, Form(max_length=LONGEST_COMMENT)] = "",
) -> Response:
    service, by = opened(request, *STEWARDS).annulment, caller(request)
    told, code = {"patient_id": patient_id}, 200
    try:
        if statement:
            service.annul(patient_id, statement, comment, by)
            told["done"] = "Annulled: this statement counts no more."
    except RejectError as error:
        told["wrong"], code = f"Not annulled: {error}.", 422
    try:
        return page(request, "statements.html", code, said=service.ledger(patient_id, by), **told)
    except RejectError as error:
        return page(request, "statements.html", 422, wrong=f"Nothing to show: {error}.")


def _reported(request: Request, state: Any, body: bytes, *, commit: bool) -> Response:
    report = state.consents.import_sheet(body, caller(request), commit=commit)
    keeps = not commit and not report.problems
    name = state.previews.keep(caller(request), body, state.clock.now()) if keeps else ""
    return page(
        request,
        "consents.html",
        422 if report.problems else 200,
        counts=state.consents.counts(),
        report=report.as_json(),
        preview=name,
    )
