"""HTTP for readers: a course's report, as a page and as values."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from harmonizer.api.access import READERS, Caller, audited, require
from harmonizer.api.studies import CourseUid
from harmonizer.errors import PrintError, RefusedError
from harmonizer.services.reports import ReportService

router = APIRouter(prefix="/api/v1/courses", tags=["reports"])

POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)
"""The page brings its own style and images, and reaches for nothing."""


def report_service(request: Request) -> ReportService:
    service: ReportService = request.app.state.reports
    return service


Reports = Annotated[ReportService, Depends(report_service)]


@router.get("/{course_uid}/report")
def read_report(
    course_uid: CourseUid, reports: Reports, request: Request, caller: Caller = require(*READERS)
) -> HTMLResponse:
    """Return a course's report as one page, to read, print or save."""
    audited(request, caller, "read-report", course_uid)
    page = reports.page(course_uid)
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})


@router.get("/{course_uid}/report.json")
def read_report_values(
    course_uid: CourseUid, reports: Reports, request: Request, caller: Caller = require(*READERS)
) -> dict[str, Any]:
    """Return what the report shows: findings, structures with metrics and curves, constraints."""
    audited(request, caller, "read-report", course_uid)
    return reports.values(course_uid)


@router.get("/{course_uid}/report.dcm")
def read_structured_report(
    course_uid: CourseUid, reports: Reports, request: Request, caller: Caller = require(*READERS)
) -> Response:
    """Return the values as a DICOM Comprehensive 3D SR of the course's study."""
    audited(request, caller, "read-report", course_uid)
    return Response(reports.dicom(course_uid), media_type="application/dicom")


@router.get("/{course_uid}/report.pdf")
def read_printed_report(
    course_uid: CourseUid, reports: Reports, request: Request, caller: Caller = require(*READERS)
) -> Response:
    """Return the report as PDF, if this machine prints."""
    audited(request, caller, "read-report", course_uid)
    try:
        return Response(reports.pdf(course_uid), media_type="application/pdf")
    except PrintError as error:
        raise RefusedError("NOT-PRINTED", str(error), 501) from error
