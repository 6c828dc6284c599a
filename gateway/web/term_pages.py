"""Terms that cleaning redacted, and a steward's decision on each."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.api.access import STEWARDS
from gateway.domain.deid import Decision
from gateway.domain.submission import LONGEST_COMMENT
from gateway.errors import RejectError
from gateway.web.frame import caller, opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/terms")
def show_terms(request: Request, decision: Decision | None = None) -> Response:
    return _terms_page(request, decision)


@router.post("/terms/seen")
def mark_seen(request: Request) -> Response:
    opened(request, *STEWARDS).terms.seen(caller(request))
    return RedirectResponse("/terms", 303)


@router.post("/terms/{replacement}")
def decide_term(
    request: Request,
    replacement: str,
    decision: Annotated[Decision, Form()],
    text: Annotated[str, Form(max_length=64)] = "",
    comment: Annotated[str, Form(max_length=LONGEST_COMMENT)] = "",
) -> Response:
    service = opened(request, *STEWARDS).terms
    try:
        done = service.decide(replacement, decision, text, caller(request), comment)
    except RejectError as error:
        if error.code == "unknown-term":
            raise HTTPException(404, str(error)) from None
        return _terms_page(request, None, 422, wrong=f"Not decided: {error}.")
    told = f"{done['replacement']} is {done['decision']}; {done['courses']} courses are sent again."
    return _terms_page(request, None, told=told)


def _terms_page(
    request: Request, decision: Decision | None, code: int = 200, **told: str
) -> Response:
    service = opened(request, *STEWARDS).terms
    shown = {
        "terms": service.view(decision, caller(request)),
        "damage": service.damage(),
        "decision": decision.value if decision else None,
        "decisions": [each.value for each in Decision],
    }
    return page(request, "terms.html", code, **shown, **told)
