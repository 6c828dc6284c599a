"""HTTP for readers: how the archive stands, its courses, one course whole."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request

from gateway.contract.receipts import CourseHolding, SubmissionState
from harmonizer.api.access import READERS, Caller, audited, require
from harmonizer.domain.studies import CourseFilter
from harmonizer.services.reconciliation import ReconciliationService
from harmonizer.services.studies import MOST_COURSES, StudyService

router = APIRouter(prefix="/api/v1", tags=["courses"])
STATUS: Final = f"{router.prefix}/status"
"""Programs that wait for something ask here again and again."""

CourseUid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")]
CentreName = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
State = Annotated[
    Literal[SubmissionState.STORED, SubmissionState.HARMONIZED, SubmissionState.FAILED] | None,
    Query(),
]
Limit = Annotated[int, Query(ge=1, le=MOST_COURSES)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


def study_service(request: Request) -> StudyService:
    service: StudyService = request.app.state.studies
    return service


def reconciliation(request: Request) -> ReconciliationService:
    service: ReconciliationService = request.app.state.reconciliation
    return service


Studies = Annotated[StudyService, Depends(study_service)]


@router.get("/status")
def read_status(
    studies: Studies, request: Request, caller: Caller = require("site", *READERS)
) -> dict[str, Any]:
    """Count courses by centre and state, instances, clinical rows and work; for readers also
    what the store lost and what nobody announced."""
    told = studies.status(caller.centre)
    if caller.centre is None:
        told["store"] = reconciliation(request).status()
    return told


@router.get("/holdings")
def read_holdings(request: Request, caller: Caller = require("site")) -> list[CourseHolding]:
    """Return every course that the archive holds of the calling centre, and what it lost of it."""
    return list(reconciliation(request).holdings(caller.centre or ""))


@router.get("/courses")
def list_courses(
    studies: Studies,
    centre: CentreName = None,
    state: State = None,
    limit: Limit = 100,
    offset: Offset = 0,
    caller: Caller = require("site", *READERS),
) -> list[dict[str, Any]]:
    """List courses, newest first. A centre sees how far its own have come, nothing else."""
    if caller.centre is None:
        return list(studies.courses(CourseFilter(centre, state, limit=limit, offset=offset)))
    if centre not in {None, caller.centre}:
        return []
    own = CourseFilter(caller.centre, state, limit=limit, offset=offset)
    shown = ("course_uid", "version", "centre", "state", "reason", "stored_at", "harmonized_at")
    return [{name: course[name] for name in shown} for course in studies.courses(own)]


@router.get("/courses/{course_uid}")
def read_course(
    course_uid: CourseUid, studies: Studies, request: Request, caller: Caller = require(*READERS)
) -> dict[str, Any]:
    """Return one course: structures with names, volumes and metrics, and the findings."""
    found = studies.course(course_uid)
    audited(request, caller, "read-course", course_uid)
    return found
