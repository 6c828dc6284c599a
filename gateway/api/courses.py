"""HTTP for courses: parse, call one service, answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from gateway.api.access import Operator, Steward
from gateway.domain.courses import CourseState
from gateway.domain.submission import LONGEST_COMMENT
from gateway.services.courses import CourseService
from gateway.services.decisions import DecisionService
from gateway.services.deletion import DeletionService
from gateway.services.inquiry import InquiryService
from gateway.services.submission import SubmissionService

router = APIRouter(tags=["courses"])

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


class Comment(BaseModel):
    comment: str = Field(max_length=LONGEST_COMMENT)


class PlanComment(Comment):
    plan: str = Field(max_length=64)
    """The plan's name in the archive, as the course tells it."""


class Question(BaseModel):
    patient_id: str = Field(min_length=1, max_length=64, repr=False)


def course_service(request: Request) -> CourseService:
    service: CourseService = request.app.state.course_service
    return service


def decisions(request: Request) -> DecisionService:
    service: DecisionService = request.app.state.decisions
    return service


@router.post("/api/v1/gone")
def confirm_gone(comment: Comment, request: Request, caller: Operator) -> dict[str, int]:
    """Say that what is not in the site store any more was deleted there on purpose."""
    deletion: DeletionService = request.app.state.deletion
    return {"deleted": deletion.confirm(comment.comment, caller)}


@router.get("/api/v1/courses")
def read_courses(
    request: Request,
    _role: Operator,
    state: CourseState | None = None,
    limit: Limit = 500,
    offset: Offset = 0,
) -> list[dict[str, Any]]:
    """Courses, the latest change first."""
    return course_service(request).find(state, limit, offset)


@router.get("/api/v1/courses/{course_id}")
def read_course(course_id: int, request: Request, _role: Operator) -> dict[str, Any]:
    """One course with what was sent of it."""
    return course_service(request).read(course_id)


@router.post("/api/v1/courses/{course_id}/release")
def release_course(
    course_id: int, comment: Comment, request: Request, caller: Operator
) -> dict[str, Any]:
    """Let a held course go; the comment travels with it."""
    return decisions(request).release(course_id, comment.comment, caller)


@router.post("/api/v1/courses/{course_id}/refuse")
def refuse_course(
    course_id: int, comment: Comment, request: Request, caller: Operator
) -> dict[str, Any]:
    """Keep a held course here for good."""
    return decisions(request).refuse(course_id, comment.comment, caller)


@router.post("/api/v1/courses/{course_id}/leave-out")
def leave_plan_out(
    course_id: int, chosen: PlanComment, request: Request, caller: Operator
) -> dict[str, Any]:
    """Keep one plan, and what hangs on it, here; the rest of its course goes without it."""
    return decisions(request).leave_out(course_id, chosen.plan, chosen.comment, caller)


@router.post("/api/v1/courses/{course_id}/take-in")
def take_plan_in(
    course_id: int, chosen: PlanComment, request: Request, caller: Operator
) -> dict[str, Any]:
    """Send a plan that was kept apart, with what hangs on it, as part of its course."""
    return decisions(request).take_in(course_id, chosen.plan, chosen.comment, caller)


@router.post("/api/v1/why")
def explain(question: Question, request: Request, caller: Steward) -> dict[str, Any]:
    """Why is this patient not in the archive? The identifier comes in the body, never in a URL."""
    inquiry: InquiryService = request.app.state.inquiry
    return inquiry.why(question.patient_id, caller).as_json()


@router.post("/api/v1/sending/resume", status_code=204)
def resume_sending(request: Request, caller: Operator) -> None:
    """Send again: token or certificate, or the consents of a restored gateway, are mended."""
    sending: SubmissionService = request.app.state.sending
    sending.resume(caller)
