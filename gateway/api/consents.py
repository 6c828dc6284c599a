"""HTTP for consent lists."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from gateway.api.access import Operator, Steward
from gateway.domain.submission import LONGEST_COMMENT
from gateway.errors import RejectError
from gateway.services.annulment import AnnulmentService
from gateway.services.consent import ConsentService

router = APIRouter(prefix="/api/v1/consents", tags=["consent"])
MOST_BYTES = 32 * 2**20


class Whose(BaseModel):
    patient_id: str = Field(min_length=1, max_length=64, repr=False)


class Wrong(Whose):
    statement: int
    comment: str = Field(max_length=LONGEST_COMMENT)


@router.post("/statements")
def read_statements(whose: Whose, request: Request, caller: Steward) -> list[dict[str, Any]]:
    """What one patient has said, as the ledger keeps it. The identifier comes in the body."""
    service: AnnulmentService = request.app.state.annulment
    return service.ledger(whose.patient_id, caller)


@router.post("/annul", status_code=204)
def annul_statement(wrong: Wrong, request: Request, caller: Steward) -> None:
    """Let one wrong statement count no more."""
    service: AnnulmentService = request.app.state.annulment
    service.annul(wrong.patient_id, wrong.statement, wrong.comment, caller)


@router.post("")
async def import_consents(
    request: Request, caller: Operator, preview: bool = False
) -> JSONResponse:
    """Import a CSV: 200 with counts, or 422 with a report by line and nothing imported."""
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise RejectError("too-large", "the list is larger than 32 MiB; split it")
    consents: ConsentService = request.app.state.consents
    report = await run_in_threadpool(consents.import_sheet, body, caller, commit=not preview)
    return JSONResponse(report.as_json(), 422 if report.problems else 200)
