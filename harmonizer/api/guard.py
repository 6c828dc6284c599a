"""Around every route: default deny, bodies that end, and no answer to a reader without a record.

The routes check roles by themselves. What holds here holds for a route that forgot to.
"""

import asyncio
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harmonizer.api.access import AUDITED, Caller, audited, caller_of

OPEN: Final = {"/health", "/login", "/logout"}
STATIC: Final = "/static/"
CALLED_BY_PROGRAMS: Final = ("/api/", "/dicom-web/")
STORING: Final = "/dicom-web/studies"
"""What comes in here is stored part by part, and never whole in memory."""
LARGEST_BODY: Final = 64 * 1024 * 1024
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
        caller = None if is_open else caller_of(request)
        if caller is None and not is_open:
            await _turned_away(path)(scope, receive, send)
            return
        if not (request.method == "POST" and path.startswith(STORING)):
            receive = _limited(request, receive, LARGEST_FORM if is_open else LARGEST_BODY)
        if caller is not None:
            send = _recorded(request, caller, send)
        await self._app(scope, receive, send)


def _turned_away(path: str) -> JSONResponse | RedirectResponse:
    if not path.startswith(CALLED_BY_PROGRAMS):
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
    """Record a read by its address unless the handler said more; without a record no answer."""
    reads = request.method in {"GET", "HEAD"} or caller.role != "site"

    async def after_record(message: Message) -> None:
        begins = message["type"] == "http.response.start"
        if begins and reads and message["status"] < 400 and not request.scope.get(AUDITED):
            query = f"?{request.url.query}" if request.url.query else ""
            subject = request.scope["path"] + query
            await asyncio.to_thread(audited, request, caller, request.method.lower(), subject)
        await send(message)

    return after_record
