"""HTTP for clinical rows at the centre: read the body, call one service, answer."""

from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from gateway.api.access import Operator
from gateway.contract.records import SOURCE, SOURCE_CHARACTERS, WORDS
from gateway.errors import RejectError
from gateway.services.clinical import FORMS, ClinicalService, ImportOptions
from gateway.services.clinical_sending import ClinicalSender

router = APIRouter(prefix="/api/v1/clinical", tags=["clinical"])

MOST_BYTES = 64 * 1024 * 1024


def clinical_service(request: Request) -> ClinicalService:
    service: ClinicalService = request.app.state.clinical
    return service


@router.get("/withdrawals")
def list_withdrawals(request: Request, _role: Operator) -> list[dict[str, Any]]:
    """List who withdrew, without a name: what was deleted here and at the archive, and when."""
    return clinical_service(request).withdrawals()


@router.post("")
async def import_rows(
    request: Request,
    caller: Operator,
    kind: str | None = Query(default=None, pattern=f"^({'|'.join(WORDS)})$"),
    form: str = Query(default="csv", pattern=f"^(csv|{'|'.join(FORMS)})$"),
    source: str = Query(default="csv", pattern=SOURCE, max_length=SOURCE_CHARACTERS),
    partial: bool = False,
    check_only: bool = False,
    first_line: int = Query(default=2, ge=2),
) -> JSONResponse:
    """Import a file: 200 with counts, or 422 with every problem and nothing imported.

    The body is the file. A file of many rows comes in parts, each with the header; `first_line`
    is the number in the whole file of the part's first row after it.
    """
    data = await request.body()
    if len(data) > MOST_BYTES:
        text = "the file is larger than 64 MiB; `kasari clinical import` sends it in parts"
        raise RejectError("too-large", text)
    word = kind if form == "csv" else form
    if word is None:
        text = f"say which kind of file it is: {', '.join(WORDS)}"
        raise RejectError("kind", text)
    options = ImportOptions(source, partial, check_only)
    result = await run_in_threadpool(
        clinical_service(request).import_file, word, data, caller, options, first_line=first_line
    )
    refused = bool(result.problems) and not partial
    return JSONResponse(result.as_json(), 422 if refused else 200)


@router.post("/again")
def send_refused_again(request: Request, caller: Operator) -> dict[str, int]:
    """Send again what the archive refused, once a person has mended why."""
    sender: ClinicalSender = request.app.state.clinical_sending
    return {"rows": sender.send_refused_again(caller)}


@router.get("")
def read_counts(request: Request, _role: Operator) -> dict[str, Any]:
    """Rows by state."""
    return {"rows": clinical_service(request).counts()}
