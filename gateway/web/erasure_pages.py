"""The page on deletions: receipts, and recalling what was sent under the wrong patient."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from gateway.api.access import READERS, STEWARDS
from gateway.domain.submission import LONGEST_COMMENT
from gateway.errors import RejectError
from gateway.web.frame import caller, opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/deletions")
def show_deletions(request: Request) -> Response:
    return _shown(request)


@router.post("/recall")
def recall(
    request: Request,
    patient_id: Annotated[str, Form(max_length=64)] = "",
    uid: Annotated[str, Form(max_length=64)] = "",
    comment: Annotated[str, Form(max_length=LONGEST_COMMENT)] = "",
) -> Response:
    service = opened(request, *STEWARDS).recall
    try:
        done = service.recall(patient_id, uid, comment, caller(request))
    except RejectError as error:
        return _shown(request, 422, wrong=f"Not recalled: {error}.")
    told = (
        f"Recalled: {done['instances']} instances in {done['courses']} courses are deleted here "
        "and at the archive. Send the right ones again when the receipt is below."
    )
    return _shown(request, told=told)


def _shown(request: Request, code: int = 200, **told: str) -> Response:
    service = opened(request, *READERS).recall
    return page(
        request, "deletions.html", code, receipts=service.receipts(), open=service.open(), **told
    )
