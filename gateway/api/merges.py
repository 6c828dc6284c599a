"""HTTP for patient merges. Identifiers come in the body, none goes out."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from gateway.api.access import Steward
from gateway.services.merging import MergeService

router = APIRouter(tags=["merge"])


class MergeRequest(BaseModel):
    patient_id: str = Field(min_length=1, max_length=64, repr=False)
    """To keep: it is in a consent list."""
    other_id: str = Field(min_length=1, max_length=64, repr=False)


@router.post("/api/v1/merges")
def merge(wanted: MergeRequest, request: Request, caller: Steward) -> dict[str, Any]:
    """Let two identifiers mean one person."""
    service: MergeService = request.app.state.merging
    return service.merge(wanted.patient_id, wanted.other_id, caller).as_json()


@router.get("/api/v1/merges")
def read_merges(request: Request, _caller: Steward) -> list[dict[str, Any]]:
    """Every merge, the latest first: `site`, `archive`, `done` (send again) or `undone`."""
    service: MergeService = request.app.state.merging
    return service.progress()


@router.post("/api/v1/merges/{merge_id}/undo")
def undo(merge_id: int, request: Request, caller: Steward) -> dict[str, Any]:
    """Part two identifiers again."""
    service: MergeService = request.app.state.merging
    return service.undo(merge_id, caller)
