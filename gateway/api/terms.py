"""HTTP for redacted terms: parse, call one service, answer. Only the steward sees an original."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from gateway.api.access import Steward
from gateway.domain.deid import Decision
from gateway.domain.submission import LONGEST_COMMENT
from gateway.services.terms import TermService

router = APIRouter(tags=["terms"])


class TermDecision(BaseModel):
    decision: Decision
    text: str = Field(default="", max_length=64)
    comment: str = Field(default="", max_length=LONGEST_COMMENT)


def term_service(request: Request) -> TermService:
    service: TermService = request.app.state.terms
    return service


@router.get("/api/v1/terms")
def read_terms(
    request: Request, caller: Steward, decision: Decision | None = None
) -> list[dict[str, Any]]:
    """Terms that de-identification redacted, the most frequent first, with their originals."""
    return term_service(request).view(decision, caller)


@router.post("/api/v1/terms/{replacement}")
def decide_term(
    replacement: str, chosen: TermDecision, request: Request, caller: Steward
) -> dict[str, Any]:
    """Approve a term, map it, or leave it redacted. Courses that hold it are sent again."""
    service = term_service(request)
    return service.decide(replacement, chosen.decision, chosen.text, caller, chosen.comment)
