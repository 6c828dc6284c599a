"""HTTP for clinical rows at the archive: batches in, timelines out."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request

from gateway.contract.clinical import BatchReceipt, ClinicalBatch
from harmonizer.api.access import Caller, require
from harmonizer.services.clinical import ClinicalService

router = APIRouter(prefix="/api/v1", tags=["clinical"])

NationalId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,80}$")]


def clinical_service(request: Request) -> ClinicalService:
    service: ClinicalService = request.app.state.clinical
    return service


Clinical = Annotated[ClinicalService, Depends(clinical_service)]


@router.post("/clinical-batches")
def receive_batch(
    batch: ClinicalBatch, clinical: Clinical, caller: Caller = require("site")
) -> BatchReceipt:
    """Store a centre's batch: all of it, or none and every problem in the receipt."""
    return clinical.receive(batch, caller.centre or "")


@router.get("/patients/{national_id}/timeline")
def read_timeline(
    national_id: NationalId,
    clinical: Clinical,
    _caller: Caller = require("researcher", "curator", "admin"),
) -> dict[str, Any]:
    """Return a patient's grades, scores and records, by day from the first fraction."""
    return asdict(clinical.timeline(national_id))
