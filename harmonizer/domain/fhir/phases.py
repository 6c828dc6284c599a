"""The phases of a course: one for each of its plans, as planned and as given."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from harmonizer.domain.fhir.coding import (
    CODEX,
    Resource,
    centigray,
    extension,
    identifiers,
    reference,
    snomed,
)
from harmonizer.domain.fhir.radiotherapy import (
    DELIVERED,
    RADIOTHERAPY,
    CourseStory,
    Target,
    body_site,
    dose_given,
    label,
    period,
    procedure,
    reason,
    share_of,
    status,
    technique,
)

PHASE: Final = ("1222565005", "Radiotherapy treatment phase (regime/therapy)")


@dataclass(frozen=True)
class Phase:
    """One plan of a course and what was given of it."""

    number: int
    plan_uid: str
    label: str
    technique: str | None
    planned: int | None
    """Fractions."""
    delivered: int | None
    begun: date | None
    ended: date | None
    doses_gy: Mapping[int, float]
    """Planned total by ROI number of the target."""
    is_over: bool

    @property
    def status(self) -> str:
        return status(self.planned, self.delivered, self.is_over)


def phases(
    story: CourseStory, targets: Sequence[Target], summary: Resource, patient: Resource
) -> Iterator[Resource]:
    """Yield of each phase what was planned, where it says how often, and what was given."""
    for phase in _phases(story, targets):
        planned = None
        if phase.planned:  # the guide wants the number of fractions of every planned phase
            planned = _planned(story, phase, targets, patient)
            yield planned
        given = _given(story, phase, targets, patient) | {"partOf": [reference(summary)]}
        yield given | ({"basedOn": [reference(planned)]} if planned else {})


def _phases(story: CourseStory, targets: Sequence[Target]) -> list[Phase]:
    """A course of one plan is one phase with the doses of the course. Of several, each has the
    doses that its plan prescribes to a target: what each gave to the others nobody added up."""
    if len(story.plans) == 1:
        return [
            Phase(
                number=1,
                plan_uid=story.plans[0],
                label=label(story),
                technique=story.course["technique"],
                planned=story.course["fractions"],
                delivered=story.delivered,
                begun=story.patient.get("rt_start"),
                ended=story.patient.get("rt_end"),
                doses_gy={t.roi_number: t.median_gy for t in targets if t.median_gy is not None},
                is_over=bool(story.patient.get("rt_end")),
            )
        ]
    rows = [row for row in story.planned if row["plan_uid"] in story.plans]
    return [
        Phase(
            number=number,
            plan_uid=row["plan_uid"],
            label=row["label"] or f"{label(story)} {number}",
            technique=row["technique"],
            planned=row["fractions"],
            delivered=row["delivered"],
            begun=_day(row["first_day"]),
            ended=_day(row["last_day"]),
            doses_gy=dict(row["prescribed"]),
            is_over=bool(story.patient.get("rt_end")),
        )
        for number, row in enumerate(rows, start=1)
    ]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _planned(
    story: CourseStory, phase: Phase, targets: Sequence[Target], patient: Resource
) -> Resource:
    url = f"{CODEX}/codexrt-radiotherapy-fractions-planned"
    extensions = [
        *technique(story, phase.technique),
        extension(url, valuePositiveInt=phase.planned),
        *(_planned_dose(phase, target) for target in _treated(story, phase, targets)),
    ]
    return {
        "resourceType": "ServiceRequest",
        "id": f"planned-phase-{phase.number}",
        "extension": extensions,
        "identifier": identifiers(phase.label, phase.plan_uid, "phase"),
        "status": "completed" if phase.status == "completed" else "active",
        "intent": "filler-order",
        "category": [snomed(RADIOTHERAPY)],
        "code": snomed(PHASE),
        "subject": reference(patient),
        **reason(story),
        **body_site(story),
    }


def _planned_dose(phase: Phase, target: Target) -> dict[str, Any]:
    parts = [extension("volume", valueReference=reference(target.volume))]
    dose = phase.doses_gy.get(target.roi_number)
    if dose is not None and phase.planned:
        each = centigray(dose / phase.planned)
        parts.append(extension("fractionDose", valueQuantity=each))
        parts.append(extension("totalDose", valueQuantity=centigray(dose)))
    url = f"{CODEX}/codexrt-radiotherapy-dose-planned-to-volume"
    return {"url": url, "extension": parts}


def _treated(story: CourseStory, phase: Phase, targets: Sequence[Target]) -> list[Target]:
    """Of several phases each names the targets that its plan prescribes to."""
    if len(story.plans) == 1:
        return list(targets)
    return [target for target in targets if target.roi_number in phase.doses_gy]


def _given(
    story: CourseStory, phase: Phase, targets: Sequence[Target], patient: Resource
) -> Resource:
    extensions = technique(story, phase.technique)
    if phase.delivered is not None:
        url = f"{CODEX}/codexrt-radiotherapy-fractions-delivered"
        extensions.append(extension(url, valueUnsignedInt=phase.delivered))
    share = share_of(phase.planned, phase.delivered)
    extensions += [
        {
            "url": DELIVERED,
            "extension": dose_given(t.volume, phase.doses_gy.get(t.roi_number), share),
        }
        for t in _treated(story, phase, targets)
    ]
    uid = f"{story.course['course_uid']}.0.{phase.number}"
    return {
        "resourceType": "Procedure",
        "id": f"treated-phase-{phase.number}",
        "extension": extensions,
        "identifier": identifiers(phase.label, uid, "phase"),
        "performedPeriod": period(phase.begun, phase.ended),
        **procedure(story, PHASE, patient, phase.status),
    }
