"""What was planned and given: volumes, phase, course summary, images."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from harmonizer.domain.fhir.coding import (
    ABSENT,
    CODEX,
    DICOM,
    DICOM_UID,
    ICD10,
    MCODE,
    PHOTONS,
    SIDES,
    SITES,
    TECHNIQUES,
    VOLUME_TYPES,
    Resource,
    centigray,
    concept,
    extension,
    identifiers,
    reference,
    snomed,
)

RADIOTHERAPY: Final = ("1287742003", "Radiotherapy (procedure)")
COURSE: Final = ("1217123003", "Radiotherapy course of treatment (regime/therapy)")
PHASE: Final = ("1222565005", "Radiotherapy treatment phase (regime/therapy)")
MEDIAN: Final = "D50%[Gy]"
"""Of a target: what ICRU Report 83 asks to report beside the prescription."""


@dataclass(frozen=True)
class StoredSeries:
    """One series of a course as the archive holds it."""

    study_instance_uid: str
    series_instance_uid: str
    modality: str
    instances: Sequence[tuple[str, str]]  # SOP instance and SOP class UIDs


@dataclass(frozen=True)
class CourseStory:
    """All that the resources of one course are made of."""

    course: Mapping[str, Any]
    """As the course's page has it, with `structures`."""
    delivered: int | None
    """Fractions, by treatment records; None without any."""
    series: Sequence[StoredSeries]
    patient: Mapping[str, Any] = field(default_factory=dict)
    """Newest `sex`, `diagnosis_icd10`, `rt_start`, `rt_end`."""
    toxicity: Sequence[Mapping[str, Any]] = ()
    proms: Sequence[Mapping[str, Any]] = ()

    @property
    def plans(self) -> list[str]:
        series = [one for one in self.series if one.modality in {"RTPLAN", "RTIONPLAN"}]
        return [uid for one in series for uid, _ in one.instances]

    @property
    def status(self) -> str:
        """One of the guide's five. Without records an end that is told is believed."""
        planned, ended = self.course["fractions"], self.patient.get("rt_end")
        if self.delivered is None or planned is None:
            return "completed" if ended else "in-progress"
        if self.delivered >= planned:
            return "completed"
        return "stopped" if ended else "in-progress"

    @property
    def share(self) -> float | None:
        """Delivered of the planned fractions; None where nobody counted them."""
        planned = self.course["fractions"]
        return self.delivered / planned if planned and self.delivered is not None else None


def volumes(story: CourseStory, patient: Resource) -> list[tuple[Resource, float | None]]:
    """Return each target's volume with its planned median dose in Gy."""
    found = []
    for one in story.course["structures"]:
        kind = str(one["standard_name"] or "")[:3]
        if one["kind"] == "target" and kind in VOLUME_TYPES:
            found.append((_volume(story, one, kind, patient), one["metrics"].get(MEDIAN)))
    return found


def _volume(
    story: CourseStory, structure: Mapping[str, Any], kind: str, patient: Resource
) -> Resource:
    uid = f"{story.course['course_uid']}.{structure['roi_number']}"
    volume: Resource = {
        "resourceType": "BodyStructure",
        "id": f"volume-{structure['roi_number']}",
        "identifier": identifiers(structure["standard_name"], uid, "volume"),
        "morphology": snomed(VOLUME_TYPES[kind]),
        "description": structure["standard_name"],
        "patient": reference(patient),
    }
    return volume | _place(story, "location", "locationQualifier")


def _place(story: CourseStory, place: str, qualifier: str) -> Resource:
    site, side = story.course["site"], story.course["laterality"]
    found: Resource = {place: snomed(SITES[site])} if site in SITES else {}
    if found and side in SIDES:
        found[qualifier] = [snomed(SIDES[side])]
    return found


def planned_phase(
    story: CourseStory, targets: Sequence[tuple[Resource, float | None]], patient: Resource
) -> Resource:
    """Return what the plan says: one phase, as long as a course has one plan."""
    course = story.course
    extensions = _technique(story)
    if course["fractions"]:
        url = f"{CODEX}/codexrt-radiotherapy-fractions-planned"
        extensions.append(extension(url, valuePositiveInt=course["fractions"]))
    for volume, dose in targets:
        parts = [extension("volume", valueReference=reference(volume))]
        if dose is not None and course["fractions"]:
            each = dose / course["fractions"]
            parts.append(extension("fractionDose", valueQuantity=centigray(each)))
        if dose is not None:
            parts.append(extension("totalDose", valueQuantity=centigray(dose)))
        url = f"{CODEX}/codexrt-radiotherapy-dose-planned-to-volume"
        extensions.append({"url": url, "extension": parts})
    return {
        "resourceType": "ServiceRequest",
        "id": "planned-phase",
        "extension": extensions,
        "identifier": identifiers(_label(story), story.plans[0], "phase"),
        "status": "completed" if story.status == "completed" else "active",
        "intent": "filler-order",
        "category": [snomed(RADIOTHERAPY)],
        "code": snomed(PHASE),
        "subject": reference(patient),
        **_reason(story),
        **_body_site(story),
    }


def treated_phase(
    story: CourseStory,
    targets: Sequence[tuple[Resource, float | None]],
    summary: Resource,
    planned: Resource,
    patient: Resource,
) -> Resource:
    """Return what was given of the phase; doses only where fractions were counted."""
    extensions = _technique(story)
    if story.delivered is not None:
        url = f"{CODEX}/codexrt-radiotherapy-fractions-delivered"
        extensions.append(extension(url, valueUnsignedInt=story.delivered))
    extensions += _delivered(story, targets, of_course=False)
    return {
        "resourceType": "Procedure",
        "id": "treated-phase",
        "extension": extensions,
        "identifier": identifiers(_label(story), f"{story.course['course_uid']}.0", "phase"),
        "basedOn": [reference(planned)],
        "partOf": [reference(summary)],
        **_procedure(story, PHASE, patient),
    }


def course_summary(
    story: CourseStory, targets: Sequence[tuple[Resource, float | None]], patient: Resource
) -> Resource:
    extensions = _technique(story)
    if story.delivered is not None:
        url = f"{MCODE}/mcode-radiotherapy-sessions"
        extensions.append(extension(url, valueUnsignedInt=story.delivered))
    extensions += _delivered(story, targets, of_course=True)
    return {
        "resourceType": "Procedure",
        "id": "course-summary",
        "extension": extensions,
        "identifier": identifiers(_label(story), story.course["course_uid"], "course"),
        **_procedure(story, COURSE, patient),
    }


def _delivered(
    story: CourseStory, targets: Iterable[tuple[Resource, float | None]], of_course: bool
) -> list[Resource]:
    found = []
    for volume, planned in targets:
        parts = [extension("volume", valueReference=reference(volume))]
        if planned is not None and story.share is not None:
            dose = centigray(planned * story.share)
            parts.append(extension("totalDoseDelivered", valueQuantity=dose))
        if of_course:  # a phase tells its fractions once for all volumes
            if story.delivered is not None:
                parts.append(extension("fractionsDelivered", valueUnsignedInt=story.delivered))
            url = f"{CODEX}/codexrt-radiotherapy-uniform-fractionation"
            parts.append(extension(url, valueBoolean=len(story.plans) == 1))
        url = f"{MCODE}/mcode-radiotherapy-dose-delivered-to-volume"
        found.append({"url": url, "extension": parts})
    return found


def _procedure(story: CourseStory, code: tuple[str, str], patient: Resource) -> Resource:
    return {
        "status": story.status,
        "category": snomed(RADIOTHERAPY),
        "code": snomed(code),
        "subject": reference(patient),
        "performedPeriod": _period(story.patient.get("rt_start"), story.patient.get("rt_end")),
        **_reason(story),
        **_body_site(story),
    }


def _period(start: date | None, end: date | None) -> Resource:
    period = {"start": start.isoformat()} if start else _unknown()
    return period | ({"end": end.isoformat()} if start and end else {})


def _unknown() -> Resource:
    url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    return {"extension": [extension(url, valueCode="unknown")]}


def _reason(story: CourseStory) -> Resource:
    """The guide wants a reason; that it is not known is one."""
    diagnosis = story.patient.get("diagnosis_icd10")
    known = concept(ICD10, diagnosis) if diagnosis else concept(ABSENT, "unknown", "Unknown")
    return {"reasonCode": [known]}


def _body_site(story: CourseStory) -> Resource:
    site, side = story.course["site"], story.course["laterality"]
    if site not in SITES:
        return {}
    place = snomed(SITES[site])
    if side in SIDES:
        url = f"{MCODE}/mcode-laterality-qualifier"
        place["extension"] = [extension(url, valueCodeableConcept=snomed(SIDES[side]))]
    return {"bodySite": [place]}


def _technique(story: CourseStory) -> list[Resource]:
    technique = TECHNIQUES.get(str(story.course["technique"]))
    if technique is None or any(one.modality == "RTIONPLAN" for one in story.series):
        return []
    parts = [
        extension(f"{MCODE}/mcode-radiotherapy-modality", valueCodeableConcept=snomed(PHOTONS)),
        extension(f"{MCODE}/mcode-radiotherapy-technique", valueCodeableConcept=snomed(technique)),
    ]
    return [{"url": f"{MCODE}/mcode-radiotherapy-modality-and-technique", "extension": parts}]


def _label(story: CourseStory) -> str:
    side = story.course["laterality"]
    words = (story.course["site"] or "course", side if side in SIDES else "")
    return " ".join(word for word in words if word)


def imaging_studies(story: CourseStory, patient: Resource) -> list[Resource]:
    by_study: dict[str, list[StoredSeries]] = {}
    for one in story.series:
        by_study.setdefault(one.study_instance_uid, []).append(one)
    return [
        {
            "resourceType": "ImagingStudy",
            "id": f"study-{number}",
            "identifier": [{"system": DICOM_UID, "value": f"urn:oid:{study}"}],
            "status": "available",
            "subject": reference(patient),
            "numberOfSeries": len(series),
            "numberOfInstances": sum(len(one.instances) for one in series),
            "series": [_series(one) for one in series],
        }
        for number, (study, series) in enumerate(by_study.items(), start=1)
    ]


def _series(series: StoredSeries) -> Resource:
    return {
        "uid": series.series_instance_uid,
        "modality": {"system": DICOM, "code": series.modality},
        "numberOfInstances": len(series.instances),
        "instance": [
            {"uid": uid, "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{kind}"}}
            for uid, kind in series.instances
        ],
    }
