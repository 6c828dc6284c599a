"""All resources of one course, each referring to the others inside one bundle."""

from typing import Final

from harmonizer.domain.fhir.coding import Resource
from harmonizer.domain.fhir.outcomes import adverse_event, answered
from harmonizer.domain.fhir.phases import phases
from harmonizer.domain.fhir.radiotherapy import (
    CourseStory,
    StoredSeries,
    course_summary,
    imaging_studies,
    volumes,
)

GENDERS: Final = {"F": "female", "M": "male", "O": "other"}


def bundle(story: CourseStory, base: str) -> Resource:
    """Return a collection of the patient, the course with phases and volumes, its images, graded
    events, and answers with scores.

    Parameters
    ----------
    base : str
        Address of the archive, without a slash at its end; resources are named after it.
    """
    patient = _patient(story)
    targets = volumes(story, patient)
    summary = course_summary(story, targets, patient)
    resources = [patient, *(target.volume for target in targets), summary]
    resources += phases(story, targets, summary, patient)
    resources += imaging_studies(story, patient)
    for number, row in enumerate(story.toxicity, start=1):
        resources.append(adverse_event(number, row, patient, summary))
    for number, row in enumerate(story.proms, start=1):
        resources += answered(number, row, patient, base)
    place = f"{base}/courses/{story.course['course_uid']}/fhir"
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": f"{place}/{one['resourceType']}/{one['id']}", "resource": one}
            for one in resources
        ],
    }


def _patient(story: CourseStory) -> Resource:
    known = {"gender": GENDERS[sex]} if (sex := story.patient.get("sex")) in GENDERS else {}
    number = {"use": "official", "system": "urn:kasari:patient"}
    return {
        "resourceType": "Patient",
        "id": "patient",
        "identifier": [number | {"value": story.course["national_id"]}],
        **known,
    }


__all__ = ["CourseStory", "StoredSeries", "bundle"]
