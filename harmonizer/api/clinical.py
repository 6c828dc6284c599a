"""HTTP for clinical rows at the archive: batches in, timelines out."""

from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import StreamingResponse

from gateway.contract.clinical import BatchReceipt, ClinicalBatch, WithdrawalReceipt
from harmonizer.api.access import READERS, Caller, audited, require
from harmonizer.api.csv_answers import PARQUET, csv_answer, named
from harmonizer.api.studies import CourseUid
from harmonizer.domain.clinical.tables import LONG_KINDS
from harmonizer.services.clinical import ClinicalService
from harmonizer.services.harmonization import HarmonizationService
from harmonizer.services.proms import PromService
from harmonizer.services.tables import TableService
from harmonizer.services.withdrawal import WithdrawalService

router = APIRouter(prefix="/api/v1", tags=["clinical"])

IDS_IN_A_RECORD: Final = 25
"""As many as its subject has room for."""
NationalId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,80}$")]


def clinical_service(request: Request) -> ClinicalService:
    service: ClinicalService = request.app.state.clinical
    return service


Clinical = Annotated[ClinicalService, Depends(clinical_service)]


@router.post("/clinical-batches")
def receive_batch(
    batch: ClinicalBatch,
    clinical: Clinical,
    request: Request,
    caller: Caller = require("site"),
) -> BatchReceipt:
    """Store a centre's batch: all of it, or none and every problem in the receipt."""
    if batch.centre == caller.centre:
        _record_orders(request, caller, batch)
    receipt = clinical.receive(batch, caller.centre or "")
    if batch.withdrawn:
        request.app.state.poke()
    if batch.clinical and not receipt.problems:
        harmonization: HarmonizationService = request.app.state.harmonization
        if harmonization.heard_of({row.national_id for row in batch.clinical}):
            request.app.state.poke()
    return receipt


def _record_orders(request: Request, caller: Caller, batch: ClinicalBatch) -> None:
    """Who has patients deleted, or taken in again, is recorded before it is done."""
    orders = (("order-deletion", batch.withdrawn), ("lift-deletion", batch.consented_again))
    for action, national_ids in orders:
        for start in range(0, len(national_ids), IDS_IN_A_RECORD):
            part = national_ids[start : start + IDS_IN_A_RECORD]
            audited(request, caller, action, " ".join(part))


@router.get("/withdrawals")
def read_withdrawals(request: Request, caller: Caller = require("site")) -> list[WithdrawalReceipt]:
    """Return what was deleted of each patient of the calling centre who withdrew."""
    withdrawal: WithdrawalService = request.app.state.withdrawal
    return list(withdrawal.receipts(caller.centre or ""))


@router.get("/patients/{national_id}/timeline")
def read_timeline(
    national_id: NationalId,
    clinical: Clinical,
    request: Request,
    caller: Caller = require(*READERS),
) -> dict[str, Any]:
    """Return a patient's grades, scores and records, by day from the first fraction."""
    timeline = clinical.timeline(national_id)
    audited(request, caller, "read-timeline", national_id)
    return asdict(timeline)


@router.get("/courses/{course_uid}/timeline")
def read_course_timeline(
    course_uid: CourseUid, clinical: Clinical, request: Request, caller: Caller = require(*READERS)
) -> dict[str, Any]:
    """Return a course's doses beside grades, scores and records, by day from the first fraction."""
    course = request.app.state.studies.course(course_uid)
    audited(request, caller, "read-timeline", course_uid)
    return clinical.course_timeline(course)


@router.get("/toxicity/grades")
def read_grades(clinical: Clinical, _caller: Caller = require(*READERS)) -> list[dict[str, Any]]:
    """Return how often each centre gave each grade of each term."""
    return [asdict(row) for row in clinical.grade_distribution()]


@router.get("/proms/completion")
def read_completion(request: Request, _caller: Caller = require(*READERS)) -> list[dict[str, Any]]:
    """Return due and received answers per centre, instrument and timepoint."""
    proms: PromService = request.app.state.proms
    today = request.app.state.clock.now().date()
    return [
        {
            "centre": row.centre,
            "instrument": row.instrument,
            **asdict(row.completion),
            "share": row.completion.share,
        }
        for row in proms.completion(today)
    ]


@router.get("/tables/{form}.{kind}")
def read_table(
    form: Literal["long", "wide"],
    kind: Literal["csv", "parquet"],
    request: Request,
    caller: Caller = require(*READERS),
) -> StreamingResponse:
    """Return the joined table as CSV or Parquet, one row per value or one per patient."""
    tables: TableService = request.app.state.tables
    today = request.app.state.clock.now().date()
    audited(request, caller, "read-table", f"{form} {kind}")
    layout = tables.layout() if form == "wide" else None
    rows = tables.wide(today, layout) if layout else tables.long(today)
    if kind == "csv":
        return csv_answer(rows, form)
    parts = request.app.state.parquet(rows, layout.kinds if layout else LONG_KINDS)
    return StreamingResponse(parts, media_type=PARQUET, headers=named(f"{form}.parquet"))
