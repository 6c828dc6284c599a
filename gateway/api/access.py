"""Who may call: people by account, machines by a secret token. Default deny.

The operator token stands for the role of an operator. A page's session is a random cookie that
ends with the service, after eight hours, or when the account is changed.
"""

import asyncio
import hmac
import secrets
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from gateway.domain.accounts import Account, AccountRole
from gateway.errors import RejectError
from gateway.services.accounts import AccountService

SESSION_COOKIE = "kasari_gateway"
SESSION_HOURS = 8
_FAR = 1_000
CALLER: Final = "kasari.caller"
"""In the scope of a request: who was let in, as the audit keeps it."""
_KNOWN: Final = "kasari.known"
"""In the scope: what `identify` found, a `Caller`, None, or why nobody is asked."""
MOST_WAITING: Final = 16
"""Passwords that wait to be checked, a tenth of a second each; further ones are not taken."""
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


class Passwords:
    """Checks one password after the other in a thread of its own.

    A guess costs a tenth of a second and 32 MiB: many at a time must neither add up nor keep the
    threads from whatever else is asked, the plugin's questions above all.
    """

    def __init__(self, accounts: AccountService) -> None:
        self._accounts = accounts
        self._thread = ThreadPoolExecutor(1, "passwords")
        self._waiting = 0

    async def check(self, name: str, password: str, address: str) -> Account | None:
        """As `AccountService.log_in`; `too-many-attempts` too when too many wait already."""
        if self._waiting >= MOST_WAITING:
            text = "too many log in at this moment; try again in a minute"
            raise RejectError("too-many-attempts", text)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            ask = partial(self._accounts.log_in, name, password, address)
            return await loop.run_in_executor(self._thread, ask)
        finally:
            self._waiting -= 1


def address_of(request: Request) -> str:
    return request.client.host if request.client else "-"


def is_token(given: str, wanted: str) -> bool:
    """Compare two secrets without telling by the time taken how much agrees."""
    return bool(given) and hmac.compare_digest(given.encode(), wanted.encode())


def of_account(account: Account) -> Caller:
    return Caller(account.role, account.name, account.changed_at)


async def identify(request: Request) -> bool:
    """Find out who calls before anything of the body is read; `caller_of` tells it again."""
    try:
        known = await _known(request)
    except RejectError as error:
        request.scope[_KNOWN] = error
        return False
    request.scope[_KNOWN] = known
    return known is not None


async def _known(request: Request) -> Caller | None:
    scheme, given = _authorization(request)
    if scheme != "basic":
        return await run_in_threadpool(_by_token_or_session, request)
    passwords: Passwords = request.app.state.passwords
    account = await passwords.check(*_name_and_password(given), address_of(request))
    return of_account(account) if account else None


def caller_of(request: Request) -> Caller | None:
    """Return who calls, by token, by name and password, or by cookie; None if nobody we know.

    Raises `RejectError` when it was guessed wrongly too often.
    """
    known = request.scope.get(_KNOWN)
    if isinstance(known, RejectError):
        raise known
    if _KNOWN not in request.scope:
        known = request.scope[_KNOWN] = _by_token_or_session(request)
    if known is not None:
        request.scope[CALLER] = str(known)
    return known


def has_password(request: Request) -> bool:
    """Whether the caller gives a name and a password with the request itself."""
    return _authorization(request)[0] == "basic"


def _by_token_or_session(request: Request) -> Caller | None:
    scheme, given = _authorization(request)
    if scheme == "bearer":
        return token_bearer(request, given)
    return _session(request) if scheme != "basic" else None


def token_bearer(request: Request, given: str) -> Caller | None:
    """Return the operator for the right token. Raises `RejectError` after many wrong ones."""
    if is_token(given, request.app.state.operator_token):
        return Caller(AccountRole.OPERATOR)
    request.app.state.accounts.token_refused(address_of(request))
    return None


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
            not_allowed(request, caller)
            raise HTTPException(403, only_for(roles))
        return str(caller)

    return check


def not_allowed(request: Request, caller: Caller) -> None:
    """Record that somebody asked for what is not for the role; not what a path was filled with."""
    path = getattr(request.scope.get("route"), "path", "-")
    request.app.state.accounts.not_allowed(str(caller), path, address_of(request))


def only_for(roles: tuple[AccountRole, ...]) -> str:
    return f"only for the role {' or '.join(role.value for role in roles)}"


def is_plugin(request: Request) -> bool:
    scheme, given = _authorization(request)
    return scheme == "bearer" and is_token(given, request.app.state.plugin_token)


def require_plugin(request: Request) -> str:
    """Let the site plugin through; answers 401 to anybody else."""
    if not is_plugin(request):
        raise HTTPException(401, "the plugin token is needed", {"WWW-Authenticate": "Bearer"})
    return "plugin"


Operator = Annotated[str, Depends(require(*OPERATORS))]
Steward = Annotated[str, Depends(require(*STEWARDS))]
Reader = Annotated[str, Depends(require(*READERS))]
Plugin = Annotated[str, Depends(require_plugin)]
