"""HTTP for consent lists."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from gateway.api.access import Operator
from gateway.errors import RejectError
from gateway.services.consent import ConsentService

router = APIRouter(prefix="/api/v1/consents", tags=["consent"])
MOST_BYTES = 32 * 2**20


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
