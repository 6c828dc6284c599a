"""The sentences that answer why somebody's data are not in the archive. Pure; names nobody."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.domain.consent import ConsentStatus
from gateway.domain.courses import CourseState

_STAYS = "they stay there"
_WHAT_STAYS: dict[ConsentStatus | None, str] = {
    ConsentStatus.WITHDRAWN: "they are deleted now, unless the centre keeps them (on_withdrawal)"
}
NOT_LISTED = "This identifier is in no consent list"


@dataclass(frozen=True)
class Known:
    """What is known of one patient."""

    listed: bool
    consent: ConsentStatus | None
    holds_unknown: bool
    """The centre keeps what comes of people in no list, for a time."""
    recalled: bool
    erased: int | None
    """Instances that were deleted here for good; None if that was never ordered."""
    here: int
    in_the_archive: int
    aside: int
    courses: Sequence[Mapping[str, Any]]
    refused: Sequence[tuple[str, int]]
    """What a refusal at the door meant, and how often."""


def verdict_of(known: Known) -> str:
    """Return what to tell the person who asked: what is so, where things are, what to do."""
    return " ".join(_sentences(known))


def _sentences(known: Known) -> Iterator[str]:
    if known.recalled:
        yield (
            "What came under this identifier is being recalled: it is deleted here and at the "
            "archive, and nothing of it is taken until the receipt is on the page Deletions. Then "
            "send the right objects again."
        )
    elif not known.listed:
        yield from _of_nobody_listed(known)
    elif known.consent is not ConsentStatus.GRANTED:
        yield from _without_consent(known)
    else:
        yield from _with_consent(known)


def _of_nobody_listed(known: Known) -> Iterator[str]:
    if not known.holds_unknown:
        yield f"{NOT_LISTED}, so everything sent for it was refused."
    elif known.here:
        yield f"{NOT_LISTED}, so what came is held here for a time and not sent: {_objects(known)}."
    else:
        yield f"{NOT_LISTED}. What comes for it is held here for a time; nothing is here now."
    yield "Check the identifier, or import the consent."


def _objects(known: Known) -> str:
    return "1 object" if known.here == 1 else f"{known.here} objects"


def _without_consent(known: Known) -> Iterator[str]:
    before = known.here or known.in_the_archive or known.erased is not None
    is_now, more = known.consent or "none", "more " if before else ""
    yield f"Consent is {is_now}, so nothing {more}is stored or sent."
    if known.erased is not None and not known.here:
        yield (
            f"What was here ({known.erased} objects) was deleted, and the archive is told to; what "
            "was deleted where is on the page Deletions."
        )
    elif before:
        are = "is" if known.here == 1 else "are"
        yield (
            f"From before, {_objects(known)} {are} still here and {known.in_the_archive} in the "
            f"archive; {_WHAT_STAYS.get(known.consent, _STAYS)}."
        )


def _with_consent(known: Known) -> Iterator[str]:
    waiting = [course for course in known.courses if course["state"] != CourseState.DELIVERED]
    if known.erased is not None:
        yield (
            "Consent is in force again, but the deletion that was ordered before is not done yet. "
            "Send the objects again when its receipt is on the page Deletions."
        )
        return
    delivered = len(known.courses) - len(waiting)
    troubles = bool(waiting or known.aside or known.refused)
    kept = [
        _what_is_apart(course["id"], one) for course in known.courses for one in course["left_out"]
    ]
    if delivered and troubles:
        yield f"{delivered} of {len(known.courses)} courses are in the archive."
    elif not known.courses and not troubles:
        yield (
            "Consent is in force, but no object has come. Send the course again from the source; "
            "if the sender reports success, compare the patient identifier there with the list."
        )
    elif not troubles:
        yield f"Everything that {'was to go' if kept else 'came'} is in the archive, verified."
    yield from map(_what_keeps, waiting)
    if known.aside:
        what = "1 object is" if known.aside == 1 else f"{known.aside} objects are"
        yield f"{what} set aside in the site's Orthanc: see the alerts on the page Status."
    for meaning, count in known.refused:
        times = "1 attempt" if count == 1 else f"{count} attempts"
        yield f"Refused at the door, {times}: {meaning}"
    yield from kept


def _what_is_apart(course_id: int, one: Mapping[str, Any]) -> str:
    why = "; ".join(reason["text"] for reason in one["reasons"]) or "a person decided so"
    count = one["instances"]
    what = "a plan" if count == 1 else f"a plan and what hangs on it, {count} objects,"
    return f"Of course {course_id} {what} is kept apart here: {why}."


def _what_keeps(course: Mapping[str, Any]) -> str:
    """Say in a sentence what a course that is not delivered waits for."""
    name, state = f"Course {course['id']}", course["state"]
    why = "; ".join(reason["text"] for reason in course["reasons"])
    there = course["verified"]
    if there:
        name = f"{name}, of which {there} of {course['instances']} objects are in the archive,"
    if state == CourseState.HELD:
        return f"{name} is held until a person decides or what is missing comes: {why}."
    if state == CourseState.REFUSED:
        return f"{name} stays here for good: {why or 'a person decided so'}."
    if state == CourseState.COLLECTING:
        return f"{name} waits for what may still come: {why}." if why else f"{name} is coming in."
    if course["last_error"]:
        return f"{name} waits to be sent again: {course['last_error']}."
    how = "it is being sent" if state == CourseState.SENDING else "it waits for its turn to be sent"
    return f"{name} is on its way: {how}."
