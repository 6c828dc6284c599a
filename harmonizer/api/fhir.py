"""HTTP for readers: a course as FHIR R4."""

import json

from fastapi import APIRouter, Request, Response

from harmonizer.api.access import READERS, Caller, audited, require
from harmonizer.api.studies import CourseUid
from harmonizer.services.fhir import FhirService

router = APIRouter(prefix="/api/v1", tags=["fhir"])


@router.get("/courses/{course_uid}/fhir")
def read_bundle(
    course_uid: CourseUid, request: Request, caller: Caller = require(*READERS)
) -> Response:
    """Return a Bundle: course summary, phase, volumes, images, graded events, answers, scores."""
    service: FhirService = request.app.state.fhir
    found = service.bundle(course_uid)
    audited(request, caller, "read-fhir", course_uid)
    return Response(json.dumps(found), media_type="application/fhir+json")
