"""HTTP for readers: the quality of all courses, as values and as a page."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from harmonizer.api.access import READERS, Caller, require
from harmonizer.api.reports import POLICY
from harmonizer.services.quality import QualityService

router = APIRouter(prefix="/api/v1/quality-summary", tags=["quality"])


def quality_service(request: Request) -> QualityService:
    service: QualityService = request.app.state.quality
    return service


Quality = Annotated[QualityService, Depends(quality_service)]


@router.get("")
def read_summary(quality: Quality, _caller: Caller = require(*READERS)) -> list[dict[str, Any]]:
    """Count courses with findings by month and by rule, together and per centre."""
    return quality.values()


@router.get("/page")
def read_page(quality: Quality, _caller: Caller = require(*READERS)) -> HTMLResponse:
    """Return the same to look at, print or save."""
    return HTMLResponse(quality.page(), headers={"Content-Security-Policy": POLICY})
