"""Our errors as HTTP answers, mapped once. An unexpected error's text never leaves."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Request, Response
from fastapi import HTTPException as OurHTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gateway.errors import GatewayError, RejectError, RetryError

logger = logging.getLogger(__name__)

Next = Callable[[Request], Awaitable[Response]]
Tell = Callable[[Request, int, str], Response]

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


NO_PAGES = ("/api/", "/internal/", "/health", "/static/")
"""Programs ask there; everywhere else it is a person with a browser."""


def _reject(request: Request, error: Exception) -> Response:
    code = error.code if isinstance(error, RejectError) else "rejected"
    return _answer(request, _STATUS.get(code, 422), code, str(error))


def _retry(request: Request, error: Exception) -> Response:
    return _answer(request, 503, "retry", str(error), {"Retry-After": "5"})


def _ours(request: Request, error: Exception) -> Response:
    return _answer(request, 500, type(error).__name__, str(error))


def _invalid(request: Request, error: Exception) -> Response:
    """Name the fields of ours; FastAPI's own answer would quote what was sent."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    places = sorted({".".join(str(part) for part in one["loc"][:2]) for one in found})[:10]
    text = f"not as it must be: {', '.join(places)}"
    if _is_page(request):
        text = "the form was not filled in as it must be; go back and try again"
    return _answer(request, 422, "invalid", text)


def _refused(request: Request, error: Exception) -> Response:
    """Say what the framework or a guard says in the form of all our answers."""
    if not isinstance(error, HTTPException):
        return _unexpected(request, error)
    code, text = _CODES.get(error.status_code, "refused"), str(error.detail)
    if not isinstance(error, OurHTTPException) and _is_page(request):
        text = "there is no such page"
    return _answer(request, error.status_code, code, text, error.headers)


def _unexpected(request: Request, error: Exception) -> Response:
    logger.error("unexpected %s", type(error).__name__)
    text = "something unexpected happened; part of it may be done. See the service's log, and look"
    return _answer(request, 500, "unexpected", text)


def _is_page(request: Request) -> bool:
    return not request.url.path.startswith(NO_PAGES)


def _answer(
    request: Request, status: int, code: str, text: str, headers: Mapping[str, str] | None = None
) -> Response:
    if not _is_page(request):
        return JSONResponse({"code": code, "text": text}, status, headers)
    tell: Tell = request.app.state.tell
    response = tell(request, status, text)
    response.headers.update(headers or {})
    return response


def install(app: FastAPI, tell: Tell) -> None:
    """Map every error of ours, and any other, to an answer that quotes nothing foreign.

    `tell` makes the page that tells a person.
    """
    app.state.tell = tell
    app.add_exception_handler(RejectError, _reject)
    app.add_exception_handler(RetryError, _retry)
    app.add_exception_handler(GatewayError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)

    @app.middleware("http")
    async def keep_to_ourselves(request: Request, call_next: Next) -> Response:
        # Starlette would answer, then raise on to the server, which logs the error's text.
        try:
            return await call_next(request)
        except Exception as error:  # noqa: BLE001 - the last line of defence
            return await run_in_threadpool(_unexpected, request, error)
