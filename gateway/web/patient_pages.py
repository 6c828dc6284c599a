"""A steward's questions by identifier: why not in the archive, and two that are one."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from gateway.api.access import STEWARDS
from gateway.errors import RejectError
from gateway.web.frame import caller, opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/why")
def show_why(request: Request) -> Response:
    opened(request, *STEWARDS)
    return page(request, "why.html")


@router.post("/why")
def answer_why(request: Request, patient_id: Annotated[str, Form(max_length=64)]) -> Response:
    state = opened(request, *STEWARDS)
    try:
        answer = state.inquiry.why(patient_id, caller(request)).as_json()
    except RejectError as error:
        return page(request, "why.html", 422, wrong=str(error))
    return page(request, "why.html", answer=answer)


@router.get("/merge")
def show_merge(request: Request) -> Response:
    return _merges(request)


@router.post("/merge")
def merge(
    request: Request,
    patient_id: Annotated[str, Form(max_length=64)],
    other_id: Annotated[str, Form(max_length=64)],
) -> Response:
    service = opened(request, *STEWARDS).merging
    try:
        merged = service.merge(patient_id, other_id, caller(request))
    except RejectError as error:
        return _merges(request, 422, wrong=str(error))
    return _merges(request, merged=merged)


@router.post("/merge/{merge_id}/undo")
def undo_merge(request: Request, merge_id: int) -> Response:
    service = opened(request, *STEWARDS).merging
    try:
        undone = service.undo(merge_id, caller(request))
    except RejectError as error:
        return _merges(request, 422, wrong=str(error))
    return _merges(request, undone=undone)


def _merges(request: Request, code: int = 200, **told: Any) -> Response:
    merges = opened(request, *STEWARDS).merging.progress()
    return page(request, "merge.html", code, merges=merges, **told)
