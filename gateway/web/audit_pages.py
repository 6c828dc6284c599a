"""The audit: whether its chain is whole, and its events by who, what and of whom."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from gateway.api.access import READERS
from gateway.api.status import LARGEST_NUMBER
from gateway.web.frame import caller, opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

ON_A_PAGE = 100
Asked = Annotated[str, Form(max_length=200)]


@router.get("/audit")
def show_audit(request: Request) -> Response:
    """Show the latest events, without what programs read."""
    opened(request, *READERS)
    return _shown(request)


@router.post("/audit")
def find_events(
    request: Request,
    who: Asked = "",
    action: Asked = "",
    subject: Asked = "",
    before: Annotated[int | None, Form(ge=1, le=LARGEST_NUMBER)] = None,
    programs: Annotated[bool, Form()] = False,
) -> Response:
    """Show events that are like this. What is typed stays out of the address."""
    opened(request, *READERS).audit.record("read", caller(request), "/audit")
    asked = {"who": who.strip(), "action": action.strip(), "subject": subject.strip()}
    return _shown(request, before, programs, **asked)


def _shown(
    request: Request, before: int | None = None, programs: bool = False, **asked: str
) -> Response:
    audit = request.app.state.audit
    found = audit.entries(ON_A_PAGE + 1, before=before, programs=programs, **asked)
    told = {
        "broken": audit.first_break(),
        "entries": found[:ON_A_PAGE],
        "older": found[ON_A_PAGE - 1]["sequence"] if len(found) > ON_A_PAGE else None,
        "asked": asked,
        "programs": programs,
    }
    return page(request, "audit.html", **told)
