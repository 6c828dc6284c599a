"""Who may call. A bearer token has one role; a page's cookie stands for a token. Default deny."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request

SESSION_COOKIE: Final = "kasari_archive"
SESSION_HOURS: Final = 8
MOST_SESSIONS: Final = 1000
LONGEST_SUBJECT: Final = 500
AUDITED: Final = "kasari.audited"
"""In the scope of a request: a handler has said what is read."""
READERS: Final = ("researcher", "curator", "admin")


@dataclass(frozen=True)
class Caller:
    """Who is behind a token. `centre` is set for the role `site` only."""

    name: str
    role: str
    centre: str | None = None


class Access:
    """Tokens, by their digest, and the open sessions of the pages."""

    def __init__(self, tokens: Mapping[str, Caller]) -> None:
        self._callers = {_digest(token): caller for token, caller in tokens.items()}
        self._sessions: dict[str, tuple[Caller, datetime]] = {}

    def of_token(self, token: str) -> Caller | None:
        """Return the caller of a token without telling by time how much of it was right."""
        given, found = _digest(token), None
        for known, caller in self._callers.items():
            if hmac.compare_digest(given, known):
                found = caller
        return found

    def open_session(self, caller: Caller, now: datetime) -> str:
        """Begin a session and return the cookie's value."""
        self._sessions = {key: kept for key, kept in self._sessions.items() if kept[1] > now}
        if len(self._sessions) >= MOST_SESSIONS:
            self._sessions.clear()
        cookie = secrets.token_urlsafe(32)
        self._sessions[cookie] = (caller, now + timedelta(hours=SESSION_HOURS))
        return cookie

    def of_session(self, cookie: str, now: datetime) -> Caller | None:
        caller, until = self._sessions.get(cookie, (None, now))
        return caller if until > now else None

    def close_session(self, cookie: str) -> None:
        self._sessions.pop(cookie, None)


def bearer_of(request: Request) -> str | None:
    """Return the token that a request carries; None if it carries none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def caller_of(request: Request) -> Caller | None:
    """Return who calls, by token or by cookie; None if nobody we know."""
    access: Access = request.app.state.access
    token = bearer_of(request)
    if token is not None:
        return access.of_token(token)
    if not _same_origin(request):
        return None
    cookie = request.cookies.get(SESSION_COOKIE, "")
    return access.of_session(cookie, request.app.state.clock.now())


def audited(request: Request, caller: Caller, action: str, subject: str) -> None:
    """Record what a caller is about to be told or to do; else the guard records the address."""
    request.app.state.audit.record(caller.name, caller.role, action, subject[:LONGEST_SUBJECT])
    request.scope[AUDITED] = True


def require(*roles: str) -> Any:
    """Let callers of these roles through: 401 to the unknown, 403 to the others."""

    def check(request: Request) -> Caller:
        caller = caller_of(request)
        if caller is None:
            headers = {"WWW-Authenticate": "Bearer"}
            raise HTTPException(401, "a token is needed: Authorization: Bearer ...", headers)
        if caller.role not in roles:
            raise HTTPException(403, f"this needs one of the roles: {', '.join(roles)}")
        return caller

    return Depends(check)


def _same_origin(request: Request) -> bool:
    """A form that another site posts brings our cookie along, but its own origin."""
    origin = request.headers.get("origin")
    return request.method in {"GET", "HEAD"} or (
        origin is None or urlsplit(origin).netloc == request.headers.get("host")
    )


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
