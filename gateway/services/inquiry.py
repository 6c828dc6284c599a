"""Answering "why is this patient not in the archive?" in one screen.

The question holds an identifier; the answer does not. Each question is audited.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.errors import RejectError
from gateway.ports import Audit, Course, Courses, Index, Outbox, StoredInstance, Vault
from gateway.services.consent import Naming
from gateway.services.course_view import contents_of


@dataclass(frozen=True)
class Answer:
    """What is known. `verdict` is one sentence for the person who asked."""

    verdict: str
    pseudonym: str | None
    consent: dict[str, str] | None
    courses: tuple[dict[str, Any], ...]

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
        audit: Audit,
    ) -> None:
        self._vault = vault
        self._naming = naming
        self._index = index
        self._courses = courses
        self._outbox = outbox
        self._audit = audit

    def why(self, patient_id: str, caller: str) -> Answer:
        """Explain where a patient's courses are and what each waits for."""
        lookup = self._naming.lookup(patient_id)
        pseudonym = self._vault.pseudonyms([lookup]).get(lookup)
        self._audit.record("inquiry", caller, pseudonym or "unknown")
        if pseudonym is None:
            text = (
                "This identifier is in no consent list, so everything sent for it was refused. "
                "Check the identifier, or import the consent."
            )
            return Answer(text, None, None, ())
        consent = self._vault.consent_of(pseudonym)
        stored = self._index.of_patient(pseudonym)
        courses = [self._describe(course, stored) for course in self._courses.of_patient(pseudonym)]
        return Answer(
            verdict=_verdict(
                consent.status.value if consent else "none",
                courses,
                len(self._index.aside_of(pseudonym)),
            ),
            pseudonym=pseudonym,
            consent={
                "status": consent.status.value,
                "version": consent.version,
                "scope": consent.scope,
                "date": consent.given_on.isoformat(),
            }
            if consent
            else None,
            courses=tuple(courses),
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
        return {
            "id": course.id,
            "state": course.state.value,
            "version": course.version,
            "instances": course.instances,
            "contents": contents_of(stored, course.id),
            "verified": sum(1 for r in current if r["verified"]),
            "last_error": next((r["last_error"] for r in current if r["last_error"]), None),
            "reasons": list(course.reasons),
            "left_out": list(course.apart),
        }


def _verdict(consent: str, courses: list[dict[str, Any]], aside: int) -> str:
    if consent != "granted":
        return f"Consent is {consent}, so nothing is stored or sent."
    told = [_what_keeps(course) for course in courses if course["state"] != "delivered"]
    if aside:
        what = "1 object is" if aside == 1 else f"{aside} objects are"
        told.append(f"{what} set aside in the site's Orthanc: see the alerts on the page Status.")
    if not courses and not told:
        return (
            "Consent is in force, but no object has come. Send the course again from the source; "
            "if the sender reports success, compare the patient identifier there with the list."
        )
    delivered = sum(course["state"] == "delivered" for course in courses)
    kept = [_what_is_apart(course["id"], one) for course in courses for one in course["left_out"]]
    if not told:
        what = "was to go" if kept else "came"
        return " ".join([f"Everything that {what} is in the archive, verified.", *kept])
    told += kept
    there = [f"{delivered} of {len(courses)} courses are in the archive."] if delivered else []
    return " ".join([*there, *told])


def _what_keeps(course: dict[str, Any]) -> str:
    """Say in a sentence what a course that is not delivered waits for."""
    name, state = f"Course {course['id']}", course["state"]
    why = "; ".join(reason["text"] for reason in course["reasons"])
    if state == "held":
        return f"{name} is held until a person decides or what is missing comes: {why}."
    if state == "refused":
        return f"{name} stays here for good: {why or 'a person decided so'}."
    if state == "collecting":
        return f"{name} waits for what may still come: {why}." if why else f"{name} is coming in."
    if course["last_error"]:
        return f"{name} waits to be sent again: {course['last_error']}."
    how = "it is being sent" if state == "sending" else "it waits for its turn to be sent"
    return f"{name} is on its way: {how}."


def _what_is_apart(course_id: int, one: dict[str, Any]) -> str:
    why = "; ".join(reason["text"] for reason in one["reasons"]) or "a person decided so"
    count = one["instances"]
    what = "a plan" if count == 1 else f"a plan and what hangs on it, {count} objects,"
    return f"Of course {course_id} {what} is kept apart here: {why}."
