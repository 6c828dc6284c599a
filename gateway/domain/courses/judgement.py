"""Deciding where a course stands, from what is known about it. Pure: no clock, no store."""

from collections.abc import Collection
from dataclasses import dataclass

from gateway.domain.courses.completeness import Reason
from gateway.domain.courses.state import CourseState


@dataclass(frozen=True)
class Situation:
    """Everything that the decision depends on."""

    state: CourseState
    settled: bool
    """Nothing has come for the settle time."""
    admitted: bool
    """Consent is in force now."""
    changed: bool
    """The members differ from those of the last version that was begun."""
    delivered: bool
    """The last version that was begun has arrived."""
    waiting_for: Collection[Reason]
    """What is missing, and findings that ask for a person."""
    released: Collection[Reason]
    """What a person has seen and let go."""
    refused_for: Collection[Reason] = ()
    """Findings for which the centre keeps such courses here."""
    patient: bool = False
    """Whether what is missing may still come by itself: its waiting time is not over."""
    refused_on: str = ""
    """The day on which a person refused it for good; empty if nobody did."""
    changed_since: bool = False
    """Its members differ from those that the person refused."""


NO_CONSENT = Reason(
    "no-consent", "there is no consent in force; nothing more of this course is sent"
)

TWO_PATIENTS = Reason(
    "two-patients",
    "objects of the same study came under another patient's identifier: recall the wrong ones, or "
    "merge the two identifiers",
)
INSTANCE_GONE = Reason(
    "instance-gone",
    "an object of it is not in the site store any more: send the course again from its source",
)


def judge(case: Situation) -> tuple[CourseState, tuple[Reason, ...]]:
    """Return the state that a course should be in, and why it waits if it does.

    Release holds only for the reasons that the person saw: a new one holds the course again.
    A person's refusal holds until a person takes it back, whatever comes. Withdrawal of consent
    holds at once, settled or not.
    """
    if not case.admitted:
        return CourseState.HELD, (NO_CONSENT,)
    if case.refused_on and not case.changed_since:
        return CourseState.REFUSED, tuple(case.waiting_for)
    if not case.settled:
        return CourseState.COLLECTING, tuple(case.waiting_for)
    if case.refused_on:
        return CourseState.HELD, (_refused_before(case.refused_on), *case.waiting_for)
    unseen = tuple(reason for reason in case.waiting_for if reason not in case.released)
    kept = tuple(reason for reason in case.refused_for if reason not in case.released)
    if case.state is CourseState.REFUSED and not case.changed and not kept:
        return CourseState.REFUSED, tuple(case.waiting_for)
    if not case.changed and case.delivered:
        return CourseState.DELIVERED, ()
    if kept:
        return CourseState.REFUSED, (*kept, *case.waiting_for)
    if unseen:
        waits = CourseState.COLLECTING if case.patient else CourseState.HELD
        return waits, tuple(case.waiting_for)
    return CourseState.READY, ()


def _refused_before(day: str) -> Reason:
    text = f"a person refused it on {day}; its objects have changed since, so that a person decides"
    return Reason("refused-before", text)
