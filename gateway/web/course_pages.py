"""Courses: finding one, what it waits for, and a person's decision."""

import math
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.api.access import OPERATORS, STEWARDS
from gateway.domain.courses import CourseState
from gateway.domain.submission import LONGEST_COMMENT
from gateway.errors import RejectError
from gateway.web.frame import caller, opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


STATES = tuple(state.value for state in CourseState)
ON_A_PAGE = 50


@router.get("/courses")
def show_courses(
    request: Request,
    state: str = "",
    at: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Show a page of courses, of one state or of all."""
    service = opened(request, *OPERATORS).course_service
    if state not in ("", *STATES):
        raise HTTPException(404, "there is no such state of a course")
    counts = request.app.state.courses.counts()
    total = counts[state] if state else sum(counts.values())
    chosen = CourseState(state) if state else None
    found = service.find(chosen, ON_A_PAGE, (at - 1) * ON_A_PAGE)
    told = {"counts": counts, "total": total, "first": (at - 1) * ON_A_PAGE + 1, "at": at}
    pages = max(1, math.ceil(total / ON_A_PAGE))
    return page(request, "courses.html", courses=found, state=state, pages=pages, **told)


@router.post("/courses")
def find_courses(request: Request, find: Annotated[str, Form(max_length=80)] = "") -> Response:
    """Find by a number or name. What is typed stays out of the address: it may be an identifier."""
    state = opened(request, *OPERATORS)
    if not find.strip():
        return RedirectResponse("/courses", 303)
    numbers = state.finder.find(find)
    if len(numbers) == 1:
        return RedirectResponse(f"/courses/{numbers[0]}", 303)
    state.audit.record("read", caller(request), "/courses")
    found = [state.course_service.read(number) for number in numbers[:ON_A_PAGE]]
    told = {"counts": state.courses.counts(), "find": find, "total": len(numbers)}
    return page(request, "courses.html", 200 if found else 404, courses=found, state="", **told)


@router.get("/courses/{course_id}")
def show_course(request: Request, course_id: int) -> Response:
    service = opened(request, *OPERATORS).course_service
    try:
        return page(request, "course.html", course=service.read(course_id))
    except RejectError as error:
        raise HTTPException(404, str(error)) from None


@router.post("/courses/{course_id}/identity")
def show_identity(request: Request, course_id: int) -> Response:
    state = opened(request, *STEWARDS)
    try:
        course = state.course_service.read(course_id)
        told = {"identity": state.inquiry.who(course_id, caller(request))}
    except RejectError as error:
        if error.code == "unknown-course":
            raise HTTPException(404, str(error)) from None
        told = {"wrong": f"Nobody to show: {error}."}
    return page(request, "course.html", course=course, **told)


@router.post("/courses/{course_id}/{decision}")
def decide(
    request: Request,
    course_id: int,
    decision: str,
    comment: Annotated[str, Form(max_length=LONGEST_COMMENT)] = "",
    plan: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    state = opened(request, *OPERATORS)
    decided = state.decisions
    of_course = {"release": decided.release, "refuse": decided.refuse}
    of_plan = {"leave-out": decided.leave_out, "take-in": decided.take_in}
    if decision not in {*of_course, *of_plan}:
        raise HTTPException(404, "there is no such page")
    try:
        if decision in of_course:
            of_course[decision](course_id, comment, caller(request))
        else:
            of_plan[decision](course_id, plan, comment, caller(request))
    except RejectError as error:
        if error.code == "unknown-course":
            raise HTTPException(404, str(error)) from None
        found = state.course_service.read(course_id)
        return page(request, "course.html", 422, course=found, wrong=str(error), comment=comment)
    return RedirectResponse(f"/courses/{course_id}", 303)
