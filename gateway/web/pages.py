"""The console: server-rendered pages for an operator. No script, nothing from another host."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, File, Form, HTTPException, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from gateway.api.access import (
    OPERATORS,
    READERS,
    SESSION_COOKIE,
    SESSION_HOURS,
    STEWARDS,
    Caller,
    Sessions,
    caller_of,
    is_token,
    of_account,
    only_for,
)
from gateway.api.accounts import described
from gateway.contract.records import WORDS
from gateway.domain.accounts import AccountRole
from gateway.domain.deid import Decision
from gateway.errors import RejectError
from gateway.services.clinical import FORMS, ClinicalService, ImportOptions

HERE = Path(__file__).resolve().parent
POLICY = "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
NAVIGATION = (
    ("/", "Status", OPERATORS),
    ("/courses", "Courses", OPERATORS),
    ("/terms", "Terms", STEWARDS),
    ("/consents", "Consents", OPERATORS),
    ("/clinical", "Clinical", OPERATORS),
    ("/why", "Why not?", STEWARDS),
    ("/merge", "Merge", STEWARDS),
    ("/account", "Account", READERS),
    ("/audit", "Audit", READERS),
    ("/accounts", "People", READERS),
)

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
templates = Jinja2Templates(directory=HERE / "templates")


class _NotLoggedInError(Exception):
    """Sends the browser to the login form."""


class _NotForThisRoleError(Exception):
    """Says for which role a page is."""


def install(app: FastAPI) -> None:
    """Add the pages, their style sheet and their headers to an application."""
    app.include_router(router)
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


def _page(request: Request, name: str, code: int = 200, **content: Any) -> Response:
    state = request.app.state
    caller = getattr(request.state, "caller", None)
    links = [(path, text) for path, text, roles in NAVIGATION if caller and caller.role in roles]
    given = {"centre": state.centre, "path": request.url.path, "caller": caller, "links": links}
    return templates.TemplateResponse(request, name, {**given, **content}, status_code=code)


def _open(request: Request, *roles: AccountRole) -> Any:
    """Return the application's state if the caller has one of the roles."""
    caller = caller_of(request)
    if caller is None:
        raise _NotLoggedInError
    request.state.caller = caller
    if caller.role not in roles:
        raise _NotForThisRoleError(only_for(roles))
    return request.app.state


def _who(request: Request) -> str:
    """Return the caller that `_open` let in, as the audit keeps it."""
    return str(request.state.caller)


def _tell_role(request: Request, error: Exception) -> Response:
    return _page(request, "closed.html", 403, wrong=str(error))


@router.get("/login")
def show_login(request: Request) -> Response:
    return _page(request, "login.html")


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
        return _page(request, "login.html", 429, wrong=f"{error}.")
    if caller is None:
        wrong = "This is not the operator token." if token else "Name or password is wrong."
        return _page(request, "login.html", 401, wrong=wrong)
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
    state = _open(request, *READERS)
    if request.state.caller.role is AccountRole.AUDITOR:
        return RedirectResponse("/audit", 303)
    courses = state.course_service.find(None, 200)
    held = [c for c in courses if c["state"] == "held"]
    return _page(
        request, "status.html", status=state.status.status(), courses=courses[:50], held=held
    )


@router.get("/courses")
def show_courses(request: Request, state: str | None = None) -> Response:
    found = _open(request, *OPERATORS).course_service.find(state, 500)
    return _page(request, "courses.html", courses=found, state=state)


@router.get("/courses/{course_id}")
def show_course(request: Request, course_id: int) -> Response:
    service = _open(request, *OPERATORS).course_service
    try:
        return _page(request, "course.html", course=service.read(course_id))
    except RejectError as error:
        raise HTTPException(404, str(error)) from None


@router.post("/courses/{course_id}/{decision}")
def decide(
    request: Request,
    course_id: int,
    decision: str,
    comment: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    service = _open(request, *OPERATORS).course_service
    if decision not in {"release", "refuse"}:
        raise HTTPException(404, "there is no such page")
    try:
        act = service.release if decision == "release" else service.refuse
        act(course_id, comment, _who(request))
    except RejectError as error:
        if error.code == "unknown-course":
            raise HTTPException(404, str(error)) from None
        found = service.read(course_id)
        return _page(request, "course.html", 422, course=found, wrong=str(error), comment=comment)
    return RedirectResponse(f"/courses/{course_id}", 303)


@router.get("/consents")
def show_consents(request: Request) -> Response:
    return _page(request, "consents.html", counts=_open(request, *OPERATORS).consents.counts())


@router.post("/consents")
def import_consents(
    request: Request,
    file: Annotated[UploadFile, File()],
    action: Annotated[str, Form()] = "preview",
) -> Response:
    consents = _open(request, *OPERATORS).consents
    report = consents.import_sheet(file.file.read(), _who(request), commit=action == "import")
    return _page(
        request,
        "consents.html",
        422 if report.problems else 200,
        counts=consents.counts(),
        report=report.as_json(),
    )


@router.get("/clinical")
def show_clinical(request: Request) -> Response:
    return _clinical_page(_open(request, *OPERATORS), request)


@router.post("/clinical")
def import_clinical(
    request: Request,
    file: Annotated[UploadFile, File()],
    what: Annotated[str, Form(max_length=32)],
    source: Annotated[str, Form(pattern=r"^[\w .-]{1,40}$")] = "console",
    action: Annotated[str, Form(max_length=16)] = "preview",
) -> Response:
    state = _open(request, *OPERATORS)
    options = ImportOptions(source, partial=action == "partial", check_only=action == "preview")
    clinical: ClinicalService = state.clinical
    if what not in (*WORDS, *FORMS):
        raise HTTPException(404, "there is no such kind of file")
    if not options.check_only:
        state.audit.record("clinical-import", _who(request), "-", f"{what}, {source}")
    data = file.file.read()
    result = (
        clinical.import_csv(WORDS[what], data, options=options)
        if what in WORDS
        else clinical.import_export(what, data, options=options)
    )
    return _clinical_page(state, request, result=result, action=action, what=what)


def _clinical_page(state: Any, request: Request, **told: Any) -> Response:
    result = told.get("result")
    code = 422 if result is not None and result.problems and told["action"] != "partial" else 200
    return _page(
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
) -> Response:
    service = _open(request, *STEWARDS).terms
    try:
        done = service.decide(replacement, decision, text, _who(request))
    except RejectError as error:
        if error.code == "unknown-term":
            raise HTTPException(404, str(error)) from None
        return _terms_page(request, None, 422, wrong=f"Not decided: {error}.")
    told = f"{done['replacement']} is {done['decision']}; {done['courses']} courses are sent again."
    return _terms_page(request, None, told=told)


def _terms_page(
    request: Request, decision: Decision | None, code: int = 200, **told: str
) -> Response:
    found = _open(request, *STEWARDS).terms.view(decision, _who(request))
    chosen = decision.value if decision else None
    names = [each.value for each in Decision]
    return _page(request, "terms.html", code, terms=found, decision=chosen, decisions=names, **told)


@router.get("/account")
def show_account(request: Request) -> Response:
    state = _open(request, *READERS)
    account = state.status.account().as_json()
    return _page(request, "account.html", account=account, days=state.ledger.days())


@router.get("/account/{day}")
def show_day(request: Request, day: date, sender: str = "") -> Response:
    found = _open(request, *READERS).ledger.courses_of(day, sender)
    return _page(request, "day.html", day=day, sender=sender, courses=found)


@router.get("/why")
def show_why(request: Request) -> Response:
    _open(request, *STEWARDS)
    return _page(request, "why.html")


@router.post("/why")
def answer_why(request: Request, patient_id: Annotated[str, Form(max_length=64)]) -> Response:
    state = _open(request, *STEWARDS)
    try:
        answer = state.inquiry.why(patient_id, _who(request)).as_json()
    except RejectError as error:
        return _page(request, "why.html", 422, wrong=str(error))
    return _page(request, "why.html", answer=answer)


@router.get("/merge")
def show_merge(request: Request) -> Response:
    _open(request, *STEWARDS)
    return _page(request, "merge.html")


@router.post("/merge")
def merge(
    request: Request,
    patient_id: Annotated[str, Form(max_length=64)],
    other_id: Annotated[str, Form(max_length=64)],
) -> Response:
    service = _open(request, *STEWARDS).merging
    try:
        merged = service.merge(patient_id, other_id, _who(request))
    except RejectError as error:
        return _page(request, "merge.html", 422, wrong=str(error))
    return _page(request, "merge.html", merged=merged)


@router.get("/audit")
def show_audit(request: Request) -> Response:
    audit = _open(request, *READERS).audit
    return _page(request, "audit.html", broken=audit.first_break(), entries=audit.entries(200))


@router.get("/accounts")
def show_accounts(request: Request) -> Response:
    found = _open(request, *READERS).accounts.find()
    return _page(request, "accounts.html", accounts=[described(account) for account in found])
