"""HTTP for recalls and receipts of deletions."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from gateway.api.access import Reader, Steward
from gateway.domain.submission import LONGEST_COMMENT
from gateway.services.recall import RecallService

router = APIRouter(prefix="/api/v1", tags=["erasures"])


class WrongPatient(BaseModel):
    patient_id: str = Field(min_length=1, max_length=64, repr=False)
    uid: str = Field(default="", max_length=64, repr=False)
    comment: str = Field(max_length=LONGEST_COMMENT)


@router.post("/recalls")
def recall(body: WrongPatient, request: Request, caller: Steward) -> dict[str, Any]:
    """Delete everywhere what came under an identifier: it was another patient's."""
    service: RecallService = request.app.state.recall
    return service.recall(body.patient_id, body.uid, body.comment, caller)


@router.get("/erasures")
def read_receipts(request: Request, _role: Reader) -> list[dict[str, Any]]:
    """Signed receipts of every deletion, the latest first."""
    service: RecallService = request.app.state.recall
    return service.receipts()
