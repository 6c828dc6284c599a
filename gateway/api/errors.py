"""Our errors as HTTP answers, mapped once. An unexpected error's text never leaves."""

import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gateway.errors import GatewayError, RejectError, RetryError

logger = logging.getLogger(__name__)

Next = Callable[[Request], Awaitable[Response]]

_STATUS = {
    "unknown-course": 404,
    "unknown-term": 404,
    "unknown-statement": 404,
    "not-held": 409,
    "collection-runs": 409,
    "no-consent": 409,
    "too-large": 413,
    "too-many-attempts": 429,
}
_CODES = {
    401: "not-logged-in",
    403: "not-allowed",
    404: "unknown-path",
    405: "unknown-method",
    408: "too-slow",
    413: "too-large",
}
"""What the framework and the guards say, in our words."""


def _reject(_request: Request, error: Exception) -> JSONResponse:
    code = error.code if isinstance(error, RejectError) else "rejected"
    return JSONResponse({"code": code, "text": str(error)}, _STATUS.get(code, 422))


def _retry(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"code": "retry", "text": str(error)}, 503, {"Retry-After": "5"})


def _ours(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"code": type(error).__name__, "text": str(error)}, 500)


def invalid(_request: Request, error: Exception) -> JSONResponse:
    """Name the fields of ours; FastAPI's own answer would quote what was sent."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    places = sorted({".".join(str(part) for part in one["loc"][:2]) for one in found})[:10]
    text = f"not as it must be: {', '.join(places)}"
    return JSONResponse({"code": "invalid", "text": text}, 422)


def refused(_request: Request, error: Exception) -> JSONResponse:
    """Say what the framework or a guard says in the form of all our answers."""
    if not isinstance(error, HTTPException):
        return _unexpected(error)
    code = _CODES.get(error.status_code, "refused")
    text = str(error.detail)
    return JSONResponse({"code": code, "text": text}, error.status_code, error.headers)


def _unexpected(error: Exception) -> JSONResponse:
    logger.error("unexpected %s", type(error).__name__)
    text = "something unexpected happened; part of it may be done. See the service's log, and look"
    return JSONResponse({"code": "unexpected", "text": text}, 500)


def install(app: FastAPI) -> None:
    """Map every error of ours, and any other, to an answer that quotes nothing foreign."""
    app.add_exception_handler(RejectError, _reject)
    app.add_exception_handler(RetryError, _retry)
    app.add_exception_handler(GatewayError, _ours)
    app.add_exception_handler(RequestValidationError, invalid)

    @app.middleware("http")
    async def keep_to_ourselves(request: Request, call_next: Next) -> Response:
        # Starlette would answer, then raise on to the server, which logs the error's text.
        try:
            return await call_next(request)
        except Exception as error:  # noqa: BLE001 - the last line of defence
            return _unexpected(error)
