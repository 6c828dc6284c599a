"""Who may call: one secret token for operators, one for the site plugin. Default deny.

A page's session is a random cookie that stands for the operator token and ends with the service.
"""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request

SESSION_COOKIE = "kasari_gateway"
SESSION_HOURS = 8
_FAR = 1_000


class Sessions:
    """The open sessions of the pages, in memory only."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}

    def open(self, now: datetime) -> str:
        """Begin a session and return the cookie's value."""
        self._until = {key: until for key, until in self._until.items() if until > now}
        if len(self._until) >= _FAR:
            self._until.clear()
        session = secrets.token_urlsafe(32)
        self._until[session] = now + timedelta(hours=SESSION_HOURS)
        return session

    def holds(self, session: str, now: datetime) -> bool:
        until = self._until.get(session)
        return until is not None and until > now

    def close(self, session: str) -> None:
        self._until.pop(session, None)


def is_token(given: str, wanted: str) -> bool:
    """Compare two secrets without telling by the time taken how much agrees."""
    return bool(given) and hmac.compare_digest(given.encode(), wanted.encode())


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def has_session(request: Request) -> bool:
    """Tell whether a page's cookie is good. A form that another site posts has no good session."""
    sessions: Sessions = request.app.state.sessions
    if not sessions.holds(request.cookies.get(SESSION_COOKIE, ""), request.app.state.clock.now()):
        return False
    origin = request.headers.get("origin")
    return request.method in {"GET", "HEAD"} or (
        origin is None or urlsplit(origin).netloc == request.headers.get("host")
    )


def require_operator(request: Request) -> str:
    """Let an operator through; answers 401 to anybody else. Returns the caller's role."""
    if not is_token(_bearer(request), request.app.state.operator_token) and not has_session(
        request
    ):
        raise HTTPException(401, "an operator token is needed", {"WWW-Authenticate": "Bearer"})
    return "operator"


def require_plugin(request: Request) -> str:
    """Let the site plugin through; answers 401 to anybody else."""
    if not is_token(_bearer(request), request.app.state.plugin_token):
        raise HTTPException(401, "the plugin token is needed", {"WWW-Authenticate": "Bearer"})
    return "plugin"


Operator = Annotated[str, Depends(require_operator)]
Plugin = Annotated[str, Depends(require_plugin)]
