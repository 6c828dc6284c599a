"""Who may call: people by account, machines by a secret token. Default deny.

The operator token stands for the role of an operator. A page's session is a random cookie that
ends with the service, after eight hours, or when the account is changed.
"""

import hmac
import secrets
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request

from gateway.api.guard import CALLER
from gateway.domain.accounts import Account, AccountRole
from gateway.services.accounts import AccountService

SESSION_COOKIE = "kasari_gateway"
SESSION_HOURS = 8
_FAR = 1_000
NOT_LOGGED_IN: Final = "an operator token is needed, or an account's name and password"

OPERATORS: Final = (AccountRole.OPERATOR, AccountRole.STEWARD)
STEWARDS: Final = (AccountRole.STEWARD,)
READERS: Final = tuple(AccountRole)


@dataclass(frozen=True)
class Caller:
    """Who calls. The holder of the operator token has no name."""

    role: AccountRole
    name: str = ""
    since: datetime | None = None
    """When the account was changed last before the session began."""

    def __str__(self) -> str:
        """As the audit keeps it: `operator`, or `steward:maija`."""
        return f"{self.role.value}:{self.name}" if self.name else self.role.value


class Sessions:
    """The open sessions of the pages, in memory only."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Caller, datetime]] = {}

    def open(self, caller: Caller, now: datetime) -> str:
        """Begin a session and return the cookie's value."""
        self._open = {key: kept for key, kept in self._open.items() if kept[1] > now}
        if len(self._open) >= _FAR:
            self._open.clear()
        session = secrets.token_urlsafe(32)
        self._open[session] = caller, now + timedelta(hours=SESSION_HOURS)
        return session

    def caller(self, session: str, now: datetime) -> Caller | None:
        caller, until = self._open.get(session, (None, now))
        return caller if until > now else None

    def close(self, session: str) -> None:
        self._open.pop(session, None)


def is_token(given: str, wanted: str) -> bool:
    """Compare two secrets without telling by the time taken how much agrees."""
    return bool(given) and hmac.compare_digest(given.encode(), wanted.encode())


def of_account(account: Account) -> Caller:
    return Caller(account.role, account.name, account.changed_at)


def caller_of(request: Request) -> Caller | None:
    """Return who calls, by token, by name and password, or by cookie; None if nobody we know.

    Raises `RejectError` when a password was guessed wrongly too often.
    """
    caller = _known(request)
    if caller is not None:
        request.scope[CALLER] = str(caller)
    return caller


def _known(request: Request) -> Caller | None:
    scheme, given = _authorization(request)
    if scheme == "bearer":
        right = is_token(given, request.app.state.operator_token)
        return Caller(AccountRole.OPERATOR) if right else None
    if scheme == "basic":
        accounts: AccountService = request.app.state.accounts
        account = accounts.log_in(*_name_and_password(given))
        return of_account(account) if account else None
    return _session(request)


def _session(request: Request) -> Caller | None:
    """A form that another site posts has no good session; nor has a changed account."""
    origin = request.headers.get("origin")
    changes = request.method not in {"GET", "HEAD"}
    if changes and origin and urlsplit(origin).netloc != request.headers.get("host"):
        return None
    state = request.app.state
    cookie = request.cookies.get(SESSION_COOKIE, "")
    caller: Caller | None = state.sessions.caller(cookie, state.clock.now())
    if caller is None or not caller.name:
        return caller
    account = state.accounts.get(caller.name)
    return caller if account is not None and of_account(account) == caller else None


def _authorization(request: Request) -> tuple[str, str]:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower(), given.strip()


def _name_and_password(given: str) -> tuple[str, str]:
    try:
        name, _, password = b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password


def require(*roles: AccountRole) -> Callable[[Request], str]:
    """Let callers of these roles through: 401 to the unknown, 403 to the others.

    The guard returns the caller as the audit keeps it.
    """

    def check(request: Request) -> str:
        caller = caller_of(request)
        if caller is None:
            raise HTTPException(401, NOT_LOGGED_IN, {"WWW-Authenticate": "Bearer"})
        if caller.role not in roles:
            raise HTTPException(403, only_for(roles))
        return str(caller)

    return check


def only_for(roles: tuple[AccountRole, ...]) -> str:
    return f"only for the role {' or '.join(role.value for role in roles)}"


def require_plugin(request: Request) -> str:
    """Let the site plugin through; answers 401 to anybody else."""
    scheme, given = _authorization(request)
    if scheme != "bearer" or not is_token(given, request.app.state.plugin_token):
        raise HTTPException(401, "the plugin token is needed", {"WWW-Authenticate": "Bearer"})
    return "plugin"


Operator = Annotated[str, Depends(require(*OPERATORS))]
Steward = Annotated[str, Depends(require(*STEWARDS))]
Reader = Annotated[str, Depends(require(*READERS))]
Plugin = Annotated[str, Depends(require_plugin)]
