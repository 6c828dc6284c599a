"""The console: server-rendered pages for an operator. No script, nothing from another host."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, HTTPException, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.api.access import (
    OPERATORS,
    READERS,
    SESSION_COOKIE,
    SESSION_HOURS,
    STEWARDS,
    Caller,
    Sessions,
    is_token,
    of_account,
)
from gateway.api.accounts import described
from gateway.contract.records import WORDS
from gateway.domain.accounts import AccountRole
from gateway.domain.deid import Decision
from gateway.domain.submission import LONGEST_COMMENT
from gateway.errors import RejectError
from gateway.services.clinical import FORMS, ImportOptions
from gateway.web.frame import caller, opened, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/login")
def show_login(request: Request) -> Response:
    return page(request, "login.html")


@router.post("/login")
def log_in(
    request: Request,
    name: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=512)] = "",
    token: Annotated[str, Form(max_length=512)] = "",
) -> Response:
    try:
        caller = _checked(request, name.strip(), password, token.strip())
    except RejectError as error:
        return page(request, "login.html", 429, wrong=f"{error}.")
    if caller is None:
        wrong = "This is not the operator token." if token else "Name or password is wrong."
        return page(request, "login.html", 401, wrong=wrong)
    state = request.app.state
    state.audit.record("login", str(caller), "-")
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


def _checked(request: Request, name: str, password: str, token: str) -> Caller | None:
    state = request.app.state
    if token:
        return Caller(AccountRole.OPERATOR) if is_token(token, state.operator_token) else None
    account = state.accounts.log_in(name, password)
    return of_account(account) if account else None


@router.post("/logout")
def log_out(request: Request) -> Response:
    request.app.state.sessions.close(request.cookies.get(SESSION_COOKIE, ""))
    return RedirectResponse("/login", 303)


@router.get("/")
def show_status(request: Request) -> Response:
    state = opened(request, *READERS)
    if request.state.caller.role is AccountRole.AUDITOR:
        return RedirectResponse("/audit", 303)
    courses = state.course_service.find(None, 200)
    held = [c for c in courses if c["state"] == "held"]
    collection = state.collection.as_json() if state.collection else None
    told = {"status": state.status.status(), "held": held, "courses": courses[:15]}
    return page(request, "status.html", collection=collection, **told)


@router.get("/courses")
def show_courses(request: Request, state: str | None = None) -> Response:
    found = opened(request, *OPERATORS).course_service.find(state, 500)
    return page(request, "courses.html", courses=found, state=state)


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


@router.get("/clinical")
def show_clinical(request: Request) -> Response:
    return _clinical_page(opened(request, *OPERATORS), request)


@router.post("/clinical")
def import_clinical(
    request: Request,
    file: Annotated[UploadFile, File()],
    what: Annotated[str, Form(max_length=32)],
    source: Annotated[str, Form(pattern=r"^[\w .-]{1,40}$")] = "console",
    action: Annotated[str, Form(max_length=16)] = "preview",
) -> Response:
    state = opened(request, *OPERATORS)
    options = ImportOptions(source, partial=action == "partial", check_only=action == "preview")
    if what not in (*WORDS, *FORMS):
        raise HTTPException(404, "there is no such kind of file")
    result = state.clinical.import_file(what, file.file.read(), caller(request), options)
    return _clinical_page(state, request, result=result, action=action, what=what)


@router.post("/clinical/again")
def send_refused_again(request: Request) -> Response:
    opened(request, *OPERATORS).clinical_sending.send_refused_again(caller(request))
    return RedirectResponse("/clinical", 303)


def _clinical_page(state: Any, request: Request, **told: Any) -> Response:
    result = told.get("result")
    code = 422 if result is not None and result.problems and told["action"] != "partial" else 200
    return page(
        request,
        "clinical.html",
        code,
        counts=state.clinical.counts(),
        kinds=list(WORDS),
        forms=FORMS,
        **told,
    )


@router.get("/terms")
def show_terms(request: Request, decision: Decision | None = None) -> Response:
    return _terms_page(request, decision)


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
    found = opened(request, *STEWARDS).terms.view(decision, caller(request))
    chosen = decision.value if decision else None
    names = [each.value for each in Decision]
    return page(request, "terms.html", code, terms=found, decision=chosen, decisions=names, **told)


@router.get("/why")
def show_why(request: Request) -> Response:
    opened(request, *STEWARDS)
    return page(request, "why.html")


@router.post("/why")
def answer_why(request: Request, patient_id: Annotated[str, Form(max_length=64)]) -> Response:
    state = opened(request, *STEWARDS)
    try:
        answer = state.inquiry.why(patient_id, caller(request)).as_json()
    except RejectError as error:
        return page(request, "why.html", 422, wrong=str(error))
    return page(request, "why.html", answer=answer)


@router.get("/merge")
def show_merge(request: Request) -> Response:
    return _merges(request)


@router.post("/merge")
def merge(
    request: Request,
    patient_id: Annotated[str, Form(max_length=64)],
    other_id: Annotated[str, Form(max_length=64)],
) -> Response:
    service = opened(request, *STEWARDS).merging
    try:
        merged = service.merge(patient_id, other_id, caller(request))
    except RejectError as error:
        return _merges(request, 422, wrong=str(error))
    return _merges(request, merged=merged)


@router.post("/merge/{merge_id}/undo")
def undo_merge(request: Request, merge_id: int) -> Response:
    service = opened(request, *STEWARDS).merging
    try:
        undone = service.undo(merge_id, caller(request))
    except RejectError as error:
        return _merges(request, 422, wrong=str(error))
    return _merges(request, undone=undone)


def _merges(request: Request, code: int = 200, **told: Any) -> Response:
    merges = opened(request, *STEWARDS).merging.progress()
    return page(request, "merge.html", code, merges=merges, **told)


@router.get("/audit")
def show_audit(request: Request) -> Response:
    audit = opened(request, *READERS).audit
    return page(request, "audit.html", broken=audit.first_break(), entries=audit.entries(200))


@router.get("/accounts")
def show_accounts(request: Request) -> Response:
    found = opened(request, *READERS).accounts.find()
    return page(request, "accounts.html", accounts=[described(account) for account in found])
