"""The account of instances: where each is, by day and sender, and what is gone on purpose."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from gateway.api.access import OPERATORS, READERS
from gateway.domain.submission import LONGEST_COMMENT
from gateway.errors import RejectError
from gateway.web.frame import caller, opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/account")
def show_account(request: Request) -> Response:
    return _shown(request)


@router.post("/gone")
def confirm_gone(
    request: Request, comment: Annotated[str, Form(max_length=LONGEST_COMMENT)] = ""
) -> Response:
    service = opened(request, *OPERATORS).deletion
    try:
        count = service.confirm(comment, caller(request))
    except RejectError as error:
        return _shown(request, 422, wrong=f"Not confirmed: {error}.")
    return _shown(request, told=f"{count} instances count as deleted from now on.")


def _shown(request: Request, code: int = 200, **told: str) -> Response:
    state = opened(request, *READERS)
    account = state.status.account().as_json()
    return page(request, "account.html", code, account=account, days=state.ledger.days(), **told)


@router.get("/account/{day}")
def show_day(request: Request, day: date, sender: str = "") -> Response:
    ledger = opened(request, *READERS).ledger
    told = {"courses": ledger.courses_of(day, sender), "refused": ledger.refused_on(day, sender)}
    return page(request, "day.html", day=day, sender=sender, **told)
