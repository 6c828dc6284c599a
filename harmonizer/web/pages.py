"""The archive's pages: server-rendered, no script, nothing from another host."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from gateway.contract.receipts import SubmissionState
from gateway.contract.recruitment import LEAST_TOLD
from harmonizer.api.access import (
    READERS,
    SESSION_COOKIE,
    SESSION_HOURS,
    Access,
    Caller,
    audited,
    caller_of,
)
from harmonizer.api.attempts import Attempts
from harmonizer.api.audit import LONGEST
from harmonizer.api.refusals import LOGIN_REFUSED, address_of, refused
from harmonizer.api.studies import STATUS
from harmonizer.domain.quality import Severity
from harmonizer.domain.quality.engine import RULES
from harmonizer.domain.quality.summary import Summary
from harmonizer.domain.reports.trend import trend
from harmonizer.domain.studies import CourseFilter
from harmonizer.errors import NotFoundError
from harmonizer.services.bias import BiasService
from harmonizer.services.clinical import ClinicalService
from harmonizer.services.studies import STATES, StudyService
from harmonizer.services.withdrawal import WithdrawalService
from harmonizer.web import rendering
from harmonizer.web.headers import BrowserHeaders
from harmonizer.web.outcomes import by_margin, completion_table, due_choices, grade_table
from harmonizer.web.plots import dvh_plot
from harmonizer.web.rendering import HERE, missing, page, shown_to
from harmonizer.web.timeline import dose_text, score_tables, timeline_plot

PAGE: Final = 50
ROLES: Final = {
    "planning-image": ("planning image", "planning images"),
    "setup-image": ("set-up image", "set-up images"),
    "structures": ("structure set", "structure sets"),
    "plan": ("plan", "plans"),
    "dose": ("dose", "doses"),
    "record": ("treatment record", "treatment records"),
    "registration": ("registration", "registrations"),
    "other": ("other", "others"),
}
SITES: Final = ("breast", "prostate", "lung", "head-neck", "other")

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
READER: Any = shown_to(*READERS)
AUDITOR: Any = shown_to("admin")


def install(app: FastAPI, *, is_secure: bool) -> None:
    """Add the pages. `is_secure`: readers come by https, so the cookie must not go by http."""
    app.state.cookies_are_secure = is_secure
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    rendering.install(app)
    app.add_middleware(BrowserHeaders)


@router.get("/login")
def show_login(request: Request) -> Response:
    return page(request, "login.html")


@router.post("/login")
def log_in(request: Request, token: Annotated[str, Form(max_length=512)]) -> Response:
    state = request.app.state
    access: Access = state.access
    attempts: Attempts = state.attempts
    host, now = address_of(request), state.clock.now()
    if attempts.are_too_many(host, now):
        refused(request, LOGIN_REFUSED)
        text = "Too many wrong tokens from this address. Wait five minutes."
        return page(request, "login.html", 429, wrong=text)
    caller = access.of_token(token.strip())
    if caller is None or caller.role not in READERS:
        attempts.note(host, now)
        refused(request, LOGIN_REFUSED)
        return page(request, "login.html", 401, wrong="This is not the token of a reader.")
    state.audit.record(caller.name, caller.role, "log-in", "")
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        SESSION_COOKIE,
        access.open_session(caller, now),
        max_age=SESSION_HOURS * 3600,
        httponly=True,
        samesite="strict",
        secure=state.cookies_are_secure,
    )
    return answer


@router.post("/logout")
def log_out(request: Request) -> Response:
    answer = RedirectResponse("/login", 303)
    if caller_of(request) is None:  # or another site's form
        return answer
    request.app.state.access.close_session(request.cookies.get(SESSION_COOKIE, ""))
    answer.delete_cookie(SESSION_COOKIE)
    return answer


@router.get("/")
def show_start(request: Request, caller: Caller = READER) -> Response:
    studies: StudyService = request.app.state.studies
    return page(
        request,
        "start.html",
        caller=caller,
        status=studies.status(),
        store=request.app.state.reconciliation.status(),
        states=STATES,
        waiting=studies.waiting(),
        failed=studies.courses(CourseFilter(state=SubmissionState.FAILED, limit=20)),
        recent=studies.courses(CourseFilter(limit=12)),
    )


@router.get("/courses")
def show_courses(
    request: Request,
    centre: Annotated[str, Query(max_length=16)] = "",
    state: Annotated[str, Query(max_length=16)] = "",
    site: Annotated[str, Query(max_length=16)] = "",
    patient: Annotated[str, Query(max_length=80)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    caller: Caller = READER,
) -> Response:
    studies: StudyService = request.app.state.studies
    chosen = {"centre": centre, "state": state, "site": site, "patient": patient}
    which = CourseFilter(
        centre or None, state or None, site or None, patient or None, PAGE, (number - 1) * PAGE
    )
    total = studies.count(which)
    asked = {key: value for key, value in chosen.items() if value}
    audited(request, caller, "list-courses", urlencode(asked))
    return page(
        request,
        "courses.html",
        caller=caller,
        chosen=chosen,
        choices={"centre": studies.centres(), "state": STATES[1:], "site": SITES},
        courses=studies.courses(which),
        total=total,
        page=number,
        pages=max(1, -(-total // PAGE)),
        asked=urlencode(asked),
    )


@router.get("/studies/{study_uid}")
def show_study(request: Request, study_uid: str, caller: Caller = READER) -> Response:
    """A study is shown by its courses; most have one."""
    studies: StudyService = request.app.state.studies
    try:
        found = studies.courses_of_study(study_uid)
    except NotFoundError:
        return missing(request, caller, "study")
    if len(found) == 1:
        return RedirectResponse(f"/courses/{found[0]}", 303)
    courses = [studies.course(uid) for uid in found]
    return page(request, "study.html", caller=caller, courses=courses, study=study_uid)


@router.get("/courses/{course_uid}")
def show_course(request: Request, course_uid: str, caller: Caller = READER) -> Response:
    studies: StudyService = request.app.state.studies
    try:
        course = studies.course(course_uid)
    except NotFoundError:
        return missing(request, caller, "course")
    audited(request, caller, "view-course", course_uid)
    return page(
        request,
        "course.html",
        caller=caller,
        course=course,
        findings=_by_severity(course["findings"]),
        holds=_holds(course["instances"]),
        dvh=dvh_plot(course["structures"], studies.curves(course_uid)),
        **_outcomes(request.app.state.clinical, course),
    )


@router.get("/quality")
def show_quality(request: Request, caller: Caller = READER) -> Response:
    summaries: list[Summary] = request.app.state.quality.summaries()
    national = summaries[0].codes if summaries else ()
    return page(
        request,
        "quality.html",
        caller=caller,
        summaries=summaries,
        everywhere={(code.code, code.severity): code.courses for code in national},
        titles={rule.code: rule.title for rule in RULES},
        trend=trend,
    )


@router.get("/outcomes")
def show_outcomes(request: Request, caller: Caller = READER) -> Response:
    state = request.app.state
    today: date = state.clock.now().date()
    return page(
        request,
        "outcomes.html",
        caller=caller,
        counts=state.clinical.counts(),
        instruments=state.clinical.instruments,
        completion=completion_table(state.proms.completion(today)),
        grades=grade_table(state.clinical.grade_distribution()),
    )


@router.get("/participation")
def show_participation(
    request: Request,
    of: Annotated[str, Query(max_length=90)] = "",
    caller: Caller = READER,
) -> Response:
    state = request.app.state
    bias: BiasService = state.bias
    today: date = state.clock.now().date()
    choices = due_choices(bias.questionnaires(today))
    chosen = of if of in choices else next(iter(choices), "")
    instrument, _, timepoint = chosen.partition(" ")
    return page(
        request,
        "bias.html",
        caller=caller,
        least=LEAST_TOLD,
        centres=by_margin(bias.recruitment()),
        compared=bias.consent_differences(),
        choices=choices,
        chosen=chosen,
        responders=bias.responders(instrument, timepoint, today) if chosen else None,
    )


@router.get("/audit")
def show_audit(
    request: Request,
    who: Annotated[str, Query(max_length=LONGEST)] = "",
    action: Annotated[str, Query(max_length=LONGEST)] = "",
    subject: Annotated[str, Query(max_length=LONGEST)] = "",
    before: Annotated[int | None, Query(ge=1)] = None,
    status: bool = False,
    caller: Caller = AUDITOR,
) -> Response:
    """Programs ask for the status so often that nothing else would be seen: only if wanted."""
    asked = {"who": who, "action": action, "subject": subject}
    audited(request, caller, "read-audit", " ".join(f"{k}={v}" for k, v in asked.items()))
    but = None if status or (subject and subject in STATUS) else ("get", STATUS)
    events = request.app.state.audit.events(**asked, before=before, most=PAGE, but=but)
    further = {**asked, **({"status": "true"} if status else {})}
    older = urlencode({**further, "before": events[-1]["sequence"]}) if len(events) == PAGE else ""
    given = {"events": events, "asked": asked, "status": status, "older": older}
    return page(request, "audit.html", caller=caller, **given)


@router.get("/audit/exports")
def show_exports(request: Request, caller: Caller = AUDITOR) -> Response:
    audited(request, caller, "read-exports", "of withdrawn patients")
    withdrawal: WithdrawalService = request.app.state.withdrawal
    return page(request, "exports.html", caller=caller, exports=withdrawal.exports())


def _by_severity(findings: list[dict[str, str]]) -> list[tuple[str, list[dict[str, str]]]]:
    grouped: dict[str, list[dict[str, str]]] = {severity: [] for severity in Severity}
    for finding in findings:
        grouped.setdefault(finding["severity"], []).append(finding)
    return [(severity, found) for severity, found in grouped.items() if found]


def _holds(instances: Mapping[str, int]) -> list[str]:
    """Say what came of the centre, in the order of a plan's making; what is derived is linked."""
    found = [
        (ROLES[role][count != 1], count) for role in ROLES if (count := instances.get(role, 0))
    ]
    return [f"{count} {name}" for name, count in found]


def _outcomes(clinical: ClinicalService, course: dict[str, Any]) -> dict[str, Any]:
    """What is known beside the doses; nothing is an answer too."""
    latest = clinical.latest(course["national_id"])
    try:
        events = clinical.timeline(course["national_id"]).events
    except NotFoundError:
        events = ()
    last = None
    if latest and latest.rt_start and latest.rt_end:
        last = (latest.rt_end - latest.rt_start).days
    return {
        "latest": latest,
        "timeline": timeline_plot(events, last, dose_text(course)),
        "scores": score_tables(events),
        "instruments": clinical.instruments,
        "graded": [event for event in events if event.kind == "toxicity"],
    }
