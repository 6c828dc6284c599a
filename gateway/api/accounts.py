"""HTTP for local accounts: who there is. They are changed on the gateway's own machine only."""

from typing import Any

from fastapi import APIRouter, Request

from gateway.api.access import Reader
from gateway.domain.accounts import Account
from gateway.services.accounts import AccountService

router = APIRouter(tags=["accounts"])


def described(account: Account) -> dict[str, Any]:
    """Return what may be shown of an account."""
    return {
        "name": account.name,
        "role": account.role.value,
        "created_at": account.created_at.isoformat(),
        "changed_at": account.changed_at.isoformat(),
    }


@router.get("/api/v1/accounts")
def read_accounts(request: Request, _caller: Reader) -> list[dict[str, Any]]:
    """Accounts and their roles."""
    accounts: AccountService = request.app.state.accounts
    return [described(account) for account in accounts.find()]
