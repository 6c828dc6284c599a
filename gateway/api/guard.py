"""Around every route: bodies that end and stay in memory, and nothing is shown without a record.

What an operator uploads names patients: a part that Starlette moved to a temporary file would lie
on the disk as it came.
"""

import asyncio
from typing import Final

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from starlette.formparsers import MultiPartParser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEGABYTE: Final = 1 << 20
LARGEST_LIST: Final = 65 * MEGABYTE
"""The largest file that a route takes, and the form around it."""
LARGEST_BODY: Final = MEGABYTE
LONGEST_S: Final = 300.0
"""So long a body may take to come: one that never ends would keep a place for nothing."""
LISTS: Final = (
    "/consents",
    "/clinical",
    "/api/v1/consents",
    "/api/v1/clinical",
    "/api/v1/recruitment",
)
UNRECORDED: Final = frozenset(
    {
        # sums only, which machines ask for all the time
        *("/api/v1/status", "/api/v1/account", "/api/v1/collection"),
        *("/login", "/consents", "/why", "/merge"),  # forms only
        *("/terms", "/values", "/api/v1/terms", "/api/v1/values"),  # their services record more
    }
)
"""What somebody known may read without a record; any other page or answer needs one."""
CALLER: Final = "kasari.caller"
"""In the scope of a request: who was let in, as the audit keeps it."""


def install(app: FastAPI) -> None:
    """Put the guard around an application's routes."""
    MultiPartParser.spool_max_size = LARGEST_LIST
    app.add_middleware(Guard)


class Guard:
    """ASGI middleware; a read is recorded before its answer begins, or is not answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, most, taken, whole = scope["path"], LARGEST_BODY, 0, False
        if path in LISTS:
            most = LARGEST_LIST
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
                text = f"the body is larger than {most} bytes"
                raise HTTPException(413, text, {"Connection": "close"})
            return message

        async def after_record(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 300:
                await _record(Request(scope))
            await send(message)

        await self._app(scope, counted, after_record)


async def _record(request: Request) -> None:
    caller, path = request.scope.get(CALLER), request.scope["path"]
    if caller and request.method in {"GET", "HEAD"} and path not in UNRECORDED:
        await run_in_threadpool(request.app.state.audit.record, "read", caller, path)
