"""HTTP for the site plugin: the consent snapshot out, its heartbeat in."""

from fastapi import APIRouter, Request, Response

from gateway.api.access import Plugin
from gateway.contract.site import ConsentSnapshot, PluginReport
from gateway.services.consent import ConsentService
from gateway.services.status import StatusService

router = APIRouter(prefix="/internal", tags=["plugin"], include_in_schema=False)


@router.get("/consent-snapshot")
def read_snapshot(request: Request, _caller: Plugin) -> ConsentSnapshot:
    """Who may be stored now."""
    consents: ConsentService = request.app.state.consents
    return consents.snapshot()


@router.post("/plugin-report", status_code=204)
def take_report(report: PluginReport, request: Request, _caller: Plugin) -> Response:
    """Take the running totals and look for new objects at once."""
    status: StatusService = request.app.state.status
    status.take_report(report)
    request.app.state.poke()
    return Response(status_code=204)
