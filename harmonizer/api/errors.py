"""Our errors as HTTP answers, mapped once. An unexpected error's text never leaves."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harmonizer.errors import HarmonizerError, NotFoundError, RefusedError, RetryError

logger = logging.getLogger(__name__)


def _refused(_request: Request, error: Exception) -> JSONResponse:
    code, status = "refused", 422
    if isinstance(error, RefusedError):
        code, status = error.code, error.http_status
    return JSONResponse({"code": code, "text": str(error)}, status)


def _not_found(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"code": "not-found", "text": str(error)}, 404)


def _retry(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"code": "retry", "text": str(error)}, 503, {"Retry-After": "5"})


def _ours(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"code": "failed", "text": str(error)}, 500)


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    """Name the fields; never quote what was sent."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    places = sorted({".".join(str(part) for part in one["loc"][:4]) for one in found})[:10]
    text = f"not as it must be: {', '.join(places)}"
    return JSONResponse({"code": "invalid", "text": text}, 422)


class KeepToOurselves:
    """ASGI middleware: no error's text reaches a caller or, by the server, its log.

    An answer that breaks off half way is left without its end, so that the server cuts the
    connection and nobody takes it for whole.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the last line of defence
            logger.error("unexpected %s", type(error).__name__)
            if not begun:
                text = "something unexpected happened; see the service's log"
                answer = JSONResponse({"code": "unexpected", "text": text}, 500)
                await answer(scope, receive, send)


def install(app: FastAPI) -> None:
    """Map every error of ours, and any other, to an answer that quotes nothing foreign."""
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(RetryError, _retry)
    app.add_exception_handler(HarmonizerError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)

    app.add_middleware(KeepToOurselves)
