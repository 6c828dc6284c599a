"""HTTP for a sending centre: announce a course, ask how it is, have it verified."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from gateway.contract.manifest import CourseCertificate
from gateway.contract.receipts import Receipts, SubmissionStatus
from harmonizer.api.access import Caller, require
from harmonizer.api.studies import CourseUid
from harmonizer.services.submission import SubmissionService

router = APIRouter(prefix="/api/v1/submissions/{course_uid}/{version}", tags=["submissions"])

Version = Annotated[int, Path(ge=1, le=1_000_000)]


def submission_service(request: Request) -> SubmissionService:
    service: SubmissionService = request.app.state.submissions
    return service


Submissions = Annotated[SubmissionService, Depends(submission_service)]


@router.put("")
def announce(
    course_uid: CourseUid,
    version: Version,
    sealed: CourseCertificate,
    service: Submissions,
    caller: Caller = require("site"),
) -> SubmissionStatus:
    """Check the certificate of one version of a course; answers what is still wanted."""
    return service.announce(caller.centre or "", course_uid, version, sealed)


@router.get("")
def read_status(
    course_uid: CourseUid,
    version: Version,
    service: Submissions,
    caller: Caller = require("site"),
) -> SubmissionStatus:
    """Say how far a version has come."""
    return service.status(caller.centre or "", course_uid, version)


@router.post("/verify")
def verify(
    course_uid: CourseUid,
    version: Version,
    service: Submissions,
    request: Request,
    caller: Caller = require("site"),
) -> Receipts:
    """Read every instance back and give the archive's word on each."""
    receipts = service.verify(caller.centre or "", course_uid, version)
    request.app.state.poke()
    return receipts
