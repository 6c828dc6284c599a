"""What every page of the console has: who sees it, its frame, its headers. No script."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from gateway.api.access import OPERATORS, READERS, STEWARDS, caller_of, not_allowed, only_for
from gateway.domain.accounts import AccountRole
from gateway.domain.refusals import meaning_of
from gateway.domain.submission import LONGEST_COMMENT

HERE = Path(__file__).resolve().parent
POLICY = "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
NAVIGATION = (
    ("/", "Status", OPERATORS),
    ("/courses", "Courses", OPERATORS),
    ("/terms", "Terms", STEWARDS),
    ("/values", "Values", STEWARDS),
    ("/senders", "Senders", OPERATORS),
    ("/consents", "Consents", OPERATORS),
    ("/clinical", "Clinical", OPERATORS),
    ("/why", "Why not?", STEWARDS),
    ("/merge", "Merge", STEWARDS),
    ("/deletions", "Deletions", READERS),
    ("/account", "Account", READERS),
    ("/audit", "Audit", READERS),
    ("/accounts", "People", READERS),
)

templates = Jinja2Templates(directory=HERE / "templates")
templates.env.globals["longest_comment"] = LONGEST_COMMENT
templates.env.filters["meaning"] = meaning_of


class _NotLoggedInError(Exception):
    """Sends the browser to the login form."""


class _NotForThisRoleError(Exception):
    """Says for which role a page is."""


def install(app: FastAPI) -> None:
    """Add the style sheet, the headers and the way to the login form to an application."""
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_exception_handler(_NotLoggedInError, lambda _r, _e: RedirectResponse("/login", 303))
    app.add_exception_handler(_NotForThisRoleError, _tell_role)

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        # With "no-referrer" a browser says `Origin: null` of our own forms: they were refused.
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-store"
        return response


def page(request: Request, name: str, code: int = 200, **content: Any) -> Response:
    state = request.app.state
    caller = getattr(request.state, "caller", None)
    links = [(path, text) for path, text, roles in NAVIGATION if caller and caller.role in roles]
    given = {"centre": state.centre, "path": request.url.path, "caller": caller, "links": links}
    return templates.TemplateResponse(request, name, {**given, **content}, status_code=code)


def opened(request: Request, *roles: AccountRole) -> Any:
    """Return the application's state if the caller has one of the roles."""
    caller = caller_of(request)
    if caller is None:
        raise _NotLoggedInError
    request.state.caller = caller
    if caller.role not in roles:
        not_allowed(request, caller)
        raise _NotForThisRoleError(only_for(roles))
    return request.app.state


def caller(request: Request) -> str:
    """Return the caller that `opened` let in, as the audit keeps it."""
    return str(request.state.caller)


def _tell_role(request: Request, error: Exception) -> Response:
    return page(request, "closed.html", 403, wrong=str(error))


def trouble(request: Request, code: int, text: str) -> Response:
    """Tell a person what did not work. Whoever cannot be recognised sees no menu."""
    with suppress(Exception):  # guessed too often, or what did not work are the accounts
        request.state.caller = caller_of(request)
    return page(request, "trouble.html", code, wrong=f"{text[0].upper()}{text[1:]}.")
