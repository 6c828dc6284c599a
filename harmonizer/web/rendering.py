"""What the pages have in common: their templates, and who is shown them."""

from pathlib import Path
from typing import Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from harmonizer.api.access import READERS, Caller, caller_of

HERE: Final = Path(__file__).resolve().parent
templates = Jinja2Templates(directory=HERE / "templates")


class NotLoggedInError(Exception):
    """Sends the browser to the login form."""


class OtherRoleError(Exception):
    """Tells a reader that a page is for other roles."""

    def __init__(self, caller: Caller) -> None:
        super().__init__()
        self.caller = caller


def install(app: FastAPI) -> None:
    """Have the browser told who is not shown a page."""
    app.add_exception_handler(NotLoggedInError, lambda _r, _e: RedirectResponse("/login", 303))
    app.add_exception_handler(OtherRoleError, _turn_away)


def shown_to(*roles: str) -> Any:
    """Show a page to these roles: strangers log in first, other readers are turned away."""

    def check(request: Request) -> Caller:
        caller = caller_of(request)
        if caller is None or caller.role not in READERS:
            raise NotLoggedInError
        if caller.role not in roles:
            raise OtherRoleError(caller)
        return caller

    return Depends(check)


def page(request: Request, name: str, code: int = 200, **content: Any) -> Response:
    """Return a template filled with what is given."""
    given = {"path": request.url.path, **content}
    return templates.TemplateResponse(request, name, given, status_code=code)


def missing(request: Request, caller: Caller, what: str, code: int = 404) -> Response:
    """Return the page that says that there is no such thing."""
    return page(request, "missing.html", code, caller=caller, what=what)


def _turn_away(request: Request, error: Any) -> Response:
    return missing(request, error.caller, "page for your role", 403)
