"""HTTP for a centre's screening log and its counts."""

from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from gateway.api.access import Operator
from gateway.contract.records import SOURCE, SOURCE_CHARACTERS
from gateway.errors import RejectError
from gateway.services.recruitment import RecruitmentService

router = APIRouter(prefix="/api/v1/recruitment", tags=["recruitment"])
MOST_BYTES = 32 * 2**20


@router.post("")
async def import_log(
    request: Request,
    caller: Operator,
    source: str = Query(default="log", pattern=SOURCE, max_length=SOURCE_CHARACTERS),
) -> JSONResponse:
    """Import a screening log: 200 with counts, or 422 with a report by line and nothing kept."""
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise RejectError("too-large", "the log is larger than 32 MiB")
    recruitment: RecruitmentService = request.app.state.recruitment
    report = await run_in_threadpool(recruitment.import_log, body, source, caller)
    return JSONResponse(report.as_json(), 422 if report.problems else 200)


@router.get("")
def read_counts(request: Request, _role: Operator) -> dict[str, Any]:
    """Return exactly what the archive is told."""
    recruitment: RecruitmentService = request.app.state.recruitment
    return recruitment.counts().model_dump()
