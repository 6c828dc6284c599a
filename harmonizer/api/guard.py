"""Around every route: default deny, bodies that end, and no answer to a reader without a record.

The routes check roles by themselves. What holds here holds for a route that forgot to.
"""

import asyncio
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harmonizer.api.access import AUDITED, Caller, audited, bearer_of, caller_of
from harmonizer.api.attempts import WINDOW, Attempts
from harmonizer.api.refusals import LOGIN_REFUSED, NOT_ALLOWED, address_of, refused

OPEN: Final = {"/health", "/login", "/logout"}
STATIC: Final = "/static/"
CALLED_BY_PROGRAMS: Final = ("/api/", "/dicom-web/")
STORING: Final = "/dicom-web/studies"
"""What comes in here is stored part by part, and never whole in memory."""
LARGEST_BODY: Final = 64 * 1024 * 1024
WAIT_S: Final = int(WINDOW.total_seconds())
LARGEST_FORM: Final = 64 * 1024
"""From somebody who is not known yet."""


class Guard:
    """ASGI middleware; no stream is touched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        path = scope["path"]
        is_open = path in OPEN or path.startswith(STATIC)
        caller, answer = (None, None) if is_open else await _admitted(request)
        if answer is not None:
            await answer(scope, receive, send)
            return
        if not (request.method == "POST" and path.startswith(STORING)):
            receive = _limited(request, receive, LARGEST_FORM if is_open else LARGEST_BODY)
        if caller is not None:
            send = _recorded(request, caller, send)
        await self._app(scope, receive, send)


async def _admitted(request: Request) -> tuple[Caller | None, Response | None]:
    """Return who calls, or the answer to somebody who is not let in."""
    state, host, token = request.app.state, address_of(request), bearer_of(request)
    attempts: Attempts = state.attempts
    now = state.clock.now()
    if token is not None and attempts.are_too_many(host, now, token):
        await asyncio.to_thread(refused, request, LOGIN_REFUSED)
        text = "too many wrong tokens from this address"
        return None, JSONResponse({"detail": text}, 429, {"Retry-After": f"{WAIT_S}"})
    caller = caller_of(request)
    if caller is not None:
        if token is not None:
            attempts.was_right(host, token)
        return caller, None
    if token is not None:
        attempts.note(host, now)
        await asyncio.to_thread(refused, request, LOGIN_REFUSED)
    elif _is_of_programs(request.scope["path"]):
        await asyncio.to_thread(refused, request, NOT_ALLOWED)
    return None, _turned_away(request.scope["path"])


def _is_of_programs(path: str) -> bool:
    return path.startswith(CALLED_BY_PROGRAMS)


def _turned_away(path: str) -> Response:
    if not _is_of_programs(path):
        return RedirectResponse("/login", 303)
    text = "a token is needed: Authorization: Bearer ..."
    return JSONResponse({"detail": text}, 401, {"WWW-Authenticate": "Bearer"})


def _limited(request: Request, receive: Receive, most: int) -> Receive:
    """Stop reading a body that is larger than it may be: FastAPI reads it before it asks who."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            text = f"the body is larger than {most} bytes"
            raise HTTPException(413, text, {"Connection": "close"})
        return message

    return counted


def _recorded(request: Request, caller: Caller, send: Send) -> Send:
    """Record a read by its address unless the handler said more; without a record no answer.

    That somebody may not do what he asked is recorded too.
    """
    reads = request.method in {"GET", "HEAD"} or caller.role != "site"

    async def after_record(message: Message) -> None:
        begins = message["type"] == "http.response.start"
        if begins and reads and message["status"] < 400 and not request.scope.get(AUDITED):
            query = f"?{request.url.query}" if request.url.query else ""
            subject = request.scope["path"] + query
            await asyncio.to_thread(audited, request, caller, request.method.lower(), subject)
        if begins and message["status"] == 403:
            await asyncio.to_thread(refused, request, NOT_ALLOWED, caller)
        await send(message)

    return after_record
