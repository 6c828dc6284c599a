"""The first page: health, what waits for a person, what was refused."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.api.access import OPERATORS, READERS
from gateway.domain.accounts import AccountRole
from gateway.domain.courses import CourseState
from gateway.web.frame import caller, opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

LONGEST, LATEST = 25, 15
"""Courses in the two lists."""


@router.get("/")
def show_status(request: Request) -> Response:
    state = opened(request, *READERS)
    if request.state.caller.role is AccountRole.AUDITOR:
        return RedirectResponse("/audit", 303)
    held = state.course_service.find(CourseState.HELD, LONGEST)
    collection = state.collection.as_json() if state.collection else None
    latest = state.course_service.find(None, LATEST)
    told = {"status": state.status.status(), "held": held, "courses": latest}
    return page(request, "status.html", collection=collection, **told)


@router.post("/sending/resume")
def resume_sending(request: Request) -> Response:
    """Send again: token or certificate, or the consents of a restored gateway, are mended."""
    opened(request, *OPERATORS).sending.resume(caller(request))
    return RedirectResponse("/", 303)
