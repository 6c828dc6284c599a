"""The latest of the audit, and whether its chain is whole."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from gateway.api.access import READERS
from gateway.web.frame import opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/audit")
def show_audit(request: Request) -> Response:
    audit = opened(request, *READERS).audit
    return page(request, "audit.html", broken=audit.first_break(), entries=audit.entries(200))
