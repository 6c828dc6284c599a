"""Logging in and out, and who has an account."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.api.access import (
    READERS,
    SESSION_COOKIE,
    SESSION_HOURS,
    Caller,
    Passwords,
    Sessions,
    address_of,
    of_account,
    token_bearer,
)
from gateway.api.accounts import described
from gateway.errors import RejectError
from gateway.web.frame import opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/login")
def show_login(request: Request) -> Response:
    return page(request, "login.html")


@router.post("/login")
async def log_in(
    request: Request,
    name: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=512)] = "",
    token: Annotated[str, Form(max_length=512)] = "",
) -> Response:
    try:
        caller = await _checked(request, name.strip(), password, token.strip())
    except RejectError as error:
        return page(request, "login.html", 429, wrong=f"{error}.")
    if caller is None:
        wrong = "This is not the operator token." if token else "Name or password is wrong."
        return page(request, "login.html", 401, wrong=wrong)
    state = request.app.state
    await run_in_threadpool(state.audit.record, "login", str(caller), "-")
    sessions: Sessions = state.sessions
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        SESSION_COOKIE,
        sessions.open(caller, state.clock.now()),
        max_age=SESSION_HOURS * 3600,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


async def _checked(request: Request, name: str, password: str, token: str) -> Caller | None:
    if token:
        return await run_in_threadpool(token_bearer, request, token)
    passwords: Passwords = request.app.state.passwords
    account = await passwords.check(name, password, address_of(request))
    return of_account(account) if account else None


@router.post("/logout")
def log_out(request: Request) -> Response:
    request.app.state.sessions.close(request.cookies.get(SESSION_COOKIE, ""))
    return RedirectResponse("/login", 303)


@router.get("/accounts")
def show_accounts(request: Request) -> Response:
    found = opened(request, *READERS).accounts.find()
    return page(request, "accounts.html", accounts=[described(account) for account in found])
