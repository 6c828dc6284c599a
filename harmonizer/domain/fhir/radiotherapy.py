"""What was planned and given of a course as a whole: volumes, summary, images."""

from collections.abc import Mapping, Sequence
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
from harmonizer.domain.nomenclature import Kind

RADIOTHERAPY: Final = ("1287742003", "Radiotherapy (procedure)")
COURSE: Final = ("1217123003", "Radiotherapy course of treatment (regime/therapy)")
DELIVERED: Final = f"{MCODE}/mcode-radiotherapy-dose-delivered-to-volume"
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
    planned: Sequence[Mapping[str, Any]] = ()
    """Each plan as it was harmonized, `PlanRow`; none of a course that an older version did."""
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
        return status(self.course["fractions"], self.delivered, bool(self.patient.get("rt_end")))

    @property
    def share(self) -> float | None:
        """Delivered of the planned fractions; None where nobody counted them."""
        return share_of(self.course["fractions"], self.delivered)


def status(planned: int | None, delivered: int | None, ended: bool) -> str:
    """Return one of the guide's five. Without records an end that is told is believed."""
    if delivered is None or planned is None:
        return "completed" if ended else "in-progress"
    if delivered >= planned:
        return "completed"
    if ended:
        return "stopped" if delivered else "not-done"
    return "in-progress"


def share_of(planned: int | None, delivered: int | None) -> float | None:
    return delivered / planned if planned and delivered is not None else None


@dataclass(frozen=True)
class Target:
    """One target's volume and its planned median dose over the whole course."""

    volume: Resource
    roi_number: int
    median_gy: float | None


def volumes(story: CourseStory, patient: Resource) -> list[Target]:
    """Return each target's volume."""
    found = []
    for one in story.course["structures"]:
        kind = str(one["standard_name"] or "")[:3]
        if one["kind"] == Kind.TARGET and kind in VOLUME_TYPES:
            volume = _volume(story, one, kind, patient)
            found.append(Target(volume, one["roi_number"], one["metrics"].get(MEDIAN)))
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


def course_summary(story: CourseStory, targets: Sequence[Target], patient: Resource) -> Resource:
    extensions = technique(story, story.course["technique"])
    if story.delivered is not None:
        url = f"{MCODE}/mcode-radiotherapy-sessions"
        extensions.append(extension(url, valueUnsignedInt=story.delivered))
    for target in targets:
        parts = dose_given(target.volume, target.median_gy, story.share)
        if story.delivered is not None:
            parts.append(extension("fractionsDelivered", valueUnsignedInt=story.delivered))
        url = f"{CODEX}/codexrt-radiotherapy-uniform-fractionation"
        parts.append(extension(url, valueBoolean=len(story.plans) == 1))
        extensions.append({"url": DELIVERED, "extension": parts})
    days = period(story.patient.get("rt_start"), story.patient.get("rt_end"))
    return {
        "resourceType": "Procedure",
        "id": "course-summary",
        "extension": extensions,
        "identifier": identifiers(label(story), story.course["course_uid"], "course"),
        "performedPeriod": days,
        **procedure(story, COURSE, patient, story.status),
    }


def dose_given(volume: Resource, planned_gy: float | None, share: float | None) -> list[Resource]:
    """Return the parts of a dose to a volume; no dose where fractions were not counted."""
    parts = [extension("volume", valueReference=reference(volume))]
    if planned_gy is not None and share is not None:
        dose = centigray(planned_gy * share)
        parts.append(extension("totalDoseDelivered", valueQuantity=dose))
    return parts


def procedure(story: CourseStory, code: tuple[str, str], patient: Resource, state: str) -> Resource:
    return {
        "status": state,
        "category": snomed(RADIOTHERAPY),
        "code": snomed(code),
        "subject": reference(patient),
        **reason(story),
        **body_site(story),
    }


def period(start: date | None, end: date | None) -> Resource:
    period = {"start": start.isoformat()} if start else _unknown()
    return period | ({"end": end.isoformat()} if start and end else {})


def _unknown() -> Resource:
    url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    return {"extension": [extension(url, valueCode="unknown")]}


def reason(story: CourseStory) -> Resource:
    """The guide wants a reason; that it is not known is one."""
    diagnosis = story.patient.get("diagnosis_icd10")
    known = concept(ICD10, diagnosis) if diagnosis else concept(ABSENT, "unknown", "Unknown")
    return {"reasonCode": [known]}


def body_site(story: CourseStory) -> Resource:
    site, side = story.course["site"], story.course["laterality"]
    if site not in SITES:
        return {}
    place = snomed(SITES[site])
    if side in SIDES:
        url = f"{MCODE}/mcode-laterality-qualifier"
        place["extension"] = [extension(url, valueCodeableConcept=snomed(SIDES[side]))]
    return {"bodySite": [place]}


def technique(story: CourseStory, moved: str | None) -> list[Resource]:
    """Return modality and technique, of photons only: a plan's beams moved or they did not."""
    coded = TECHNIQUES.get(str(moved))
    if coded is None or any(one.modality == "RTIONPLAN" for one in story.series):
        return []
    parts = [
        extension(f"{MCODE}/mcode-radiotherapy-modality", valueCodeableConcept=snomed(PHOTONS)),
        extension(f"{MCODE}/mcode-radiotherapy-technique", valueCodeableConcept=snomed(coded)),
    ]
    return [{"url": f"{MCODE}/mcode-radiotherapy-modality-and-technique", "extension": parts}]


def label(story: CourseStory) -> str:
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
