"""Around every route: who calls is asked first, bodies end, nothing is shown without a record.

What an operator uploads names patients: a part that Starlette moved to a temporary file would lie
on the disk as it came.
"""

import asyncio
from typing import Final

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from starlette.formparsers import MultiPartParser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api.access import CALLER, NOT_LOGGED_IN, has_password, identify, is_plugin

MEGABYTE: Final = 1 << 20
LARGEST_LIST: Final = 65 * MEGABYTE
"""The largest file that a route takes, and the form around it."""
LARGEST_BODY: Final = MEGABYTE
LARGEST_UNKNOWN: Final = 64 * 1024
"""From somebody who is not known."""
LISTS_AT_ONCE: Final = 2
"""Lists that are read at the same time; the others wait before anything of them is read."""
LONGEST_S: Final = 300.0
"""So long a body may take to come: one that never ends would keep a place for nothing."""
LISTS: Final = (
    "/consents",
    "/clinical",
    "/api/v1/consents",
    "/api/v1/clinical",
    "/api/v1/recruitment",
)
ALL_MAY_ASK: Final = frozenset({"/health", "/login", "/logout"})
STATIC: Final = "/static/"
UNRECORDED: Final = frozenset(
    {
        # sums only, which machines ask for all the time
        *("/api/v1/status", "/api/v1/account", "/api/v1/collection"),
        *("/login", "/consents", "/why", "/merge"),  # forms only
        *("/terms", "/values", "/api/v1/terms", "/api/v1/values"),  # their services record more
    }
)
"""What somebody known may read without a record; any other page or answer needs one."""


def install(app: FastAPI) -> None:
    """Put the guard around an application's routes."""
    MultiPartParser.spool_max_size = LARGEST_LIST
    app.add_middleware(Guard)


class Guard:
    """ASGI middleware; a read is recorded before its answer begins, or is not answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lists = asyncio.Semaphore(LISTS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        most = await _most(request)
        if most < LARGEST_LIST:
            await self._answer(request, receive, send, most)
            return
        async with self._lists:
            await self._answer(request, receive, send, most)

    async def _answer(self, request: Request, receive: Receive, send: Send, most: int) -> None:
        taken, whole = 0, False
        ends = asyncio.get_running_loop().time() + LONGEST_S

        async def counted() -> Message:
            nonlocal taken, whole
            try:
                async with asyncio.timeout_at(None if whole else ends):
                    message = await receive()
            except TimeoutError:
                text = "the body did not come to its end"
                raise HTTPException(408, text, {"Connection": "close"}) from None
            taken += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if taken > most:
                code, text = 413, f"the body is larger than {most} bytes"
                if most == LARGEST_UNKNOWN and request.scope["path"] in LISTS:
                    code, text = 401, NOT_LOGGED_IN
                raise HTTPException(code, text, {"Connection": "close"})
            return message

        async def after_record(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 300:
                await _record(request)
            await send(message)

        await self._app(request.scope, counted, after_record)


async def _most(request: Request) -> int:
    """Return how many bytes a body may have. FastAPI reads it before a route asks who calls."""
    path = request.scope["path"]
    if path in ALL_MAY_ASK or path.startswith(STATIC):
        return LARGEST_UNKNOWN
    if path.startswith("/internal/"):
        return LARGEST_BODY if is_plugin(request) else LARGEST_UNKNOWN
    reads = request.method in {"GET", "HEAD"}
    if reads and not has_password(request):
        return LARGEST_UNKNOWN
    if not await identify(request) or reads:
        return LARGEST_UNKNOWN
    return LARGEST_LIST if path in LISTS else LARGEST_BODY


async def _record(request: Request) -> None:
    caller, path = request.scope.get(CALLER), request.scope["path"]
    if caller and request.method in {"GET", "HEAD"} and path not in UNRECORDED:
        await run_in_threadpool(request.app.state.audit.record, "read", caller, path)
