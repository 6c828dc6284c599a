"""HTTP for how the gateway stands: health, counts, the account, the archive, the audit."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from gateway.api.access import Operator, Reader
from gateway.services.ledger import LedgerService
from gateway.services.recheck import RecheckService
from gateway.services.status import StatusService

router = APIRouter(tags=["status"])

LARGEST_NUMBER: Final = 2**63 - 1
"""The largest number of an event that a database can look for."""


@router.get("/health")
def read_health(request: Request) -> JSONResponse:
    """200 when the canary was refused as it must be, else 503. Needs no token: it names nobody."""
    health = request.app.state.status.health()
    return JSONResponse(health, 200 if health["status"] == "ok" else 503)


@router.get("/api/v1/status")
def read_status(request: Request, _role: Operator) -> dict[str, Any]:
    """Counts of everything."""
    status: StatusService = request.app.state.status
    return status.status()


@router.get("/api/v1/account")
def read_account(request: Request, _role: Reader) -> dict[str, Any]:
    """Where every instance is that was ever offered, and whether the sums add up."""
    status: StatusService = request.app.state.status
    return status.account().as_json()


@router.get("/api/v1/account/days")
def read_days(request: Request, _role: Reader) -> list[dict[str, Any]]:
    """The account by day (UTC) and sender, the latest day first."""
    ledger: LedgerService = request.app.state.ledger
    return ledger.days()


@router.get("/api/v1/account/days/{day}")
def read_day(
    day: date, request: Request, _role: Reader, sender: str | None = None
) -> list[dict[str, Any]]:
    """The courses behind one day, of every sender or of one; what came over HTTP has none."""
    ledger: LedgerService = request.app.state.ledger
    return ledger.courses_of(day, sender)


@router.post("/api/v1/archive/recheck")
def recheck_archive(request: Request, caller: Operator) -> dict[str, int]:
    """Ask the archive what it still holds, and which withdrawals; what it lost goes again."""
    recheck: RecheckService = request.app.state.recheck
    return {**recheck.order(caller), "withdrawals_again": recheck.withdrawals.step()}


@router.get("/api/v1/audit")
def read_audit(
    request: Request,
    _role: Reader,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)] = None,
) -> dict[str, Any]:
    """The latest events of the audit chain, or those before one; where it is broken if it is."""
    audit = request.app.state.audit
    return {"broken_at": audit.first_break(), "entries": audit.entries(limit, before=before)}
