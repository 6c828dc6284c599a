"""The page on whoever calls the DICOM port."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.api.access import OPERATORS
from gateway.domain.submission import LONGEST_COMMENT
from gateway.errors import RejectError
from gateway.web.frame import caller, opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/senders")
def show_senders(request: Request) -> Response:
    return _shown(request)


@router.post("/senders/seen")
def mark_seen(request: Request) -> Response:
    service = opened(request, *OPERATORS).senders
    if service is not None:
        service.seen(caller(request))
    return RedirectResponse("/senders", 303)


@router.post("/senders/{aet}/{decision}")
def decide(
    request: Request,
    aet: str,
    decision: str,
    comment: Annotated[str, Form(max_length=LONGEST_COMMENT)] = "",
) -> Response:
    service = opened(request, *OPERATORS).senders
    try:
        if service is None or decision not in {"quarantine", "lift"}:
            raise RejectError("no-page", "there is no such decision")
        if decision == "quarantine":
            service.quarantine(aet, comment, caller(request))
        else:
            service.lift(aet, caller(request))
    except RejectError as error:
        return _shown(request, 422, f"Not done: {error}.")
    return RedirectResponse("/senders", 303)


def _shown(request: Request, code: int = 200, wrong: str = "") -> Response:
    service = opened(request, *OPERATORS).senders
    found = service.find() if service is not None else None
    return page(request, "senders.html", code, senders=found, wrong=wrong)
