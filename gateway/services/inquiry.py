"""Answering "why is this patient not in the archive?" in one screen.

The question holds an identifier; the answer does not. Each question is audited.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.domain.courses import InstanceState
from gateway.domain.inquiry import Known, verdict_of
from gateway.domain.refusals import meaning_of
from gateway.errors import RejectError
from gateway.ports import (
    Audit,
    Course,
    Courses,
    Erasures,
    Index,
    Outbox,
    PluginTotals,
    StoredInstance,
    Vault,
)
from gateway.services.consent import Naming, listed_as
from gateway.services.course_view import contents_of


@dataclass(frozen=True)
class Answer:
    """What is known. `verdict` is one sentence for the person who asked."""

    verdict: str
    pseudonym: str | None
    consent: dict[str, str] | None
    courses: tuple[dict[str, Any], ...]
    refused: tuple[dict[str, Any], ...] = ()
    """What was refused at the door of one who has consented, and why."""

    def as_json(self) -> dict[str, Any]:
        return vars(self)


class InquiryService:
    """Looks a patient up by the identifier that the hospital uses."""

    def __init__(
        self,
        vault: Vault,
        naming: Naming,
        index: Index,
        courses: Courses,
        outbox: Outbox,
        totals: PluginTotals,
        erasures: Erasures,
        audit: Audit,
        *,
        holds_unknown: bool,
    ) -> None:
        self._vault = vault
        self._naming = naming
        self._index = index
        self._courses = courses
        self._outbox = outbox
        self._totals = totals
        self._erasures = erasures
        self._audit = audit
        self._holds_unknown = holds_unknown

    def why(self, patient_id: str, caller: str) -> Answer:
        """Explain where a patient's courses are and what each waits for."""
        listed = listed_as(patient_id, self._naming, self._vault)
        self._audit.record("inquiry", caller, listed or "unknown")
        pseudonym = listed or self._naming.pseudonym(patient_id)  # held, it is here under that one
        consent = self._vault.consent_of(pseudonym)
        stored = self._index.of_patient(pseudonym)
        courses = [self._describe(course, stored) for course in self._courses.of_patient(pseudonym)]
        refused = self._totals.refused_of(pseudonym)
        tombstone = self._vault.tombstones().get(pseudonym)
        known = Known(
            listed=listed is not None,
            consent=consent.status if consent else None,
            holds_unknown=self._holds_unknown,
            recalled=pseudonym in self._erasures.recalled(),
            erased=tombstone.instances if tombstone else None,
            here=sum(one.state is not InstanceState.GONE for one in stored),
            in_the_archive=sum(one.delivered_at is not None for one in stored),
            aside=len(self._index.aside_of(pseudonym)),
            courses=courses,
            refused=[(meaning_of(one["reason"]), one["count"]) for one in refused],
        )
        return Answer(
            verdict=verdict_of(known),
            pseudonym=listed,
            consent={
                "status": consent.status.value,
                "version": consent.version,
                "scope": consent.scope,
                "date": consent.given_on.isoformat(),
            }
            if consent
            else None,
            courses=tuple(courses),
            refused=tuple(refused),
        )

    def who(self, course_id: int, caller: str) -> dict[str, Any]:
        """Return whose course it is, to a steward; that it was looked at is in the audit.

        Raises
        ------
        RejectError
            `unknown-course`, or `unknown-patient` for one who is in no consent list.
        """
        course = self._courses.get(course_id)
        if course is None:
            raise RejectError("unknown-course", "there is no such course")
        self._audit.record("identity-view", caller, course.pseudonym, f"course {course_id}")
        person = self._vault.person(course.pseudonym)
        if person is None:
            raise RejectError("unknown-patient", "the patient is in no consent list")
        return {
            "patient_ids": list(person.patient_ids),
            "name": " ".join(filter(None, (person.given_name, person.family_name))),
            "birth_date": person.birth_date.isoformat() if person.birth_date else "",
        }

    def _describe(self, course: Course, stored: Sequence[StoredInstance]) -> dict[str, Any]:
        receipts = self._outbox.receipts(course.id) if course.id is not None else []
        current = [r for r in receipts if r["version"] == course.version]
        mine = [one for one in stored if one.course_id == course.id]
        return {
            "id": course.id,
            "state": course.state.value,
            "version": course.version,
            "instances": course.instances,
            "contents": contents_of(stored, course.id),
            "verified": sum(one.delivered_at is not None for one in mine),
            "last_error": next((r["last_error"] for r in current if r["last_error"]), None),
            "reasons": list(course.reasons),
            "left_out": list(course.apart),
        }
