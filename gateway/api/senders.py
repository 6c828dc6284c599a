"""HTTP for whoever calls the DICOM port."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from gateway.api.access import Operator
from gateway.domain.submission import LONGEST_COMMENT
from gateway.errors import RejectError
from gateway.services.senders import SenderService

router = APIRouter(prefix="/api/v1/senders", tags=["senders"])


class Why(BaseModel):
    comment: str = Field(max_length=LONGEST_COMMENT)


def senders_of(request: Request) -> SenderService:
    """Raises `RejectError` where the DICOM port is the site Orthanc's own."""
    service: SenderService | None = request.app.state.senders
    if service is None:
        raise RejectError(
            "no-gate", "this gateway does not guard the DICOM port: set `dicom` in gateway.yml"
        )
    return service


@router.get("")
def read_senders(request: Request, _role: Operator) -> list[dict[str, Any]]:
    """Known senders and whoever else has called."""
    return senders_of(request).find()


@router.post("/{aet}/quarantine", status_code=204)
def quarantine(aet: str, why: Why, request: Request, caller: Operator) -> None:
    """Refuse a sender until it is let in again."""
    senders_of(request).quarantine(aet, why.comment, caller)


@router.post("/{aet}/lift", status_code=204)
def lift(aet: str, request: Request, caller: Operator) -> None:
    """Let a sender in again."""
    senders_of(request).lift(aet, caller)
