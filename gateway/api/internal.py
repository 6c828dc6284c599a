"""HTTP for the site plugin: the consent snapshot out, its heartbeat in."""

from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.api.access import Plugin
from gateway.contract.site import ConsentSnapshot, PluginReport
from gateway.services.consent import ConsentService
from gateway.services.status import StatusService

router = APIRouter(prefix="/internal", tags=["plugin"], include_in_schema=False)


@router.get("/consent-snapshot", response_model=ConsentSnapshot)
def read_snapshot(request: Request, response: Response, _caller: Plugin) -> Any:
    """Who may be stored now; 304 while that is what the plugin knows already."""
    consents: ConsentService = request.app.state.consents
    if request.headers.get("if-none-match") == f'"{consents.snapshot_tag()}"':
        return Response(status_code=304)
    snapshot = consents.snapshot()
    response.headers["ETag"] = f'"{snapshot.tag}"'
    return snapshot


@router.post("/plugin-report", status_code=204)
def take_report(report: PluginReport, request: Request, _caller: Plugin) -> Response:
    """Take the running totals and look for new objects at once."""
    status: StatusService = request.app.state.status
    status.take_report(report)
    request.app.state.poke()
    return Response(status_code=204)
