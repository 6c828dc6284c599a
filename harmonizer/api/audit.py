"""HTTP for the auditor: who read or did what, newest first."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from harmonizer.api.access import Caller, audited, require
from harmonizer.services.withdrawal import WithdrawalService

LONGEST = 200

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])

Asked = Annotated[str, Query(max_length=LONGEST)]


@router.get("")
def read_audit(
    request: Request,
    who: Asked = "",
    action: Asked = "",
    subject: Asked = "",
    before: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    caller: Caller = require("admin"),
) -> list[dict[str, Any]]:
    """Return events of the audit trail, newest first; `before` is the number of one to go on from.

    `who` and `action` are whole, `subject` is any part of what was read.
    """
    audited(request, caller, "read-audit", f"who={who} action={action} subject={subject}")
    found: list[dict[str, Any]] = request.app.state.audit.events(
        who, action, subject, before, limit
    )
    return found


@router.get("/exports")
def read_exports(request: Request, caller: Caller = require("admin")) -> list[dict[str, Any]]:
    """Return what readers took away that holds data of patients who have withdrawn since."""
    audited(request, caller, "read-exports", "of withdrawn patients")
    withdrawal: WithdrawalService = request.app.state.withdrawal
    return [asdict(one) for one in withdrawal.exports()]
