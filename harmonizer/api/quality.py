"""HTTP for readers: the quality of all courses, as values."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from harmonizer.api.access import READERS, Caller, require
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
