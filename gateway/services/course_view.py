"""Telling what a course has, as the API and the pages show it: UIDs are the archive's."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from gateway.contract.manifest import Role
from gateway.domain.courses import InstanceState, PlanFacts, revisions
from gateway.ports import Course, StoredInstance


def contents_of(stored: Sequence[StoredInstance], course_id: int | None) -> list[dict[str, Any]]:
    """Count what goes with a course by role and modality, in the order of planning."""
    order = list(Role)
    counted = Counter(
        (order.index(one.instance.role), one.instance.modality)
        for one in stored
        if one.course_id == course_id and not one.apart
    )
    return [
        {"role": order[place].value, "modality": modality, "instances": count}
        for (place, modality), count in sorted(counted.items())
    ]


def revisions_of(
    course: Course, stored: Sequence[StoredInstance], uid: Callable[[str], str]
) -> dict[str, Any]:
    """Link to the courses of earlier and later plans, by their names in the archive."""
    homes = {s.instance.sop_instance_uid: s.course_id for s in stored}
    found: dict[str, list[dict[str, Any]]] = {"revises": [], "revised_by": []}
    for link in revisions([s.instance for s in stored]):
        told = {
            "plan": uid(link.plan_uid),
            "earlier_plan": uid(link.earlier_uid),
            "basis": link.basis.value,
        }
        earlier, later = homes.get(link.earlier_uid), homes.get(link.plan_uid)
        if later == course.id:
            found["revises"].append({**told, "course": earlier})
        if earlier == course.id:
            found["revised_by"].append({**told, "course": later})
    return found


def plans_of(
    course: Course,
    stored: Sequence[StoredInstance],
    sent: Collection[str],
    uid: Callable[[str], str],
) -> list[dict[str, Any]]:
    """Tell each plan of a course apart by what it says, without its free text."""
    plans = [one for one in stored if one.course_id == course.id and one.instance.role is Role.PLAN]
    return [
        {
            "plan": uid(one.instance.sop_instance_uid),
            "planned_on": facts.planned_on,
            "approval": facts.approval,
            "intent": facts.intent,
            "fractions": facts.fractions,
            "prescribed_gy": facts.prescribed_gy,
            "left_out": one.apart,
            "sent": one.orthanc_id in sent,
        }
        for one in sorted(plans, key=lambda one: one.instance.sop_instance_uid)
        if isinstance(facts := one.instance.facts, PlanFacts)
    ]


def left_out_of(course: Course, uid: Callable[[str], str]) -> list[dict[str, Any]]:
    """Tell which plans are kept apart, why, and how much stays here with each."""
    return [{**one, "plan": uid(one["plan"])} for one in course.apart]


def refusal_of(course: Course) -> Mapping[str, str] | None:
    """Tell that a person refused the course."""
    refusal = course.refusal
    return {key: refusal[key] for key in ("on", "by", "comment")} if refusal else None


def release_of(course: Course) -> dict[str, Any] | None:
    """Tell that a person let the course go, by the role only, and although what."""
    release = course.release
    if not release:
        return None
    return {
        "on": release["released_at"][:10],
        "by": release["role"],
        "comment": release["comment"],
        "reasons": [dict(reason) for reason in release["reasons"]],
    }


def objects_of(stored: Sequence[StoredInstance], course_id: int | None) -> dict[str, Any]:
    """Tell what a course has, how much of it is in the archive, and what differs from before."""
    mine = [one for one in stored if one.course_id == course_id]
    return {
        "contents": contents_of(stored, course_id),
        "in_the_archive": sum(one.delivered_at is not None for one in mine),
        "conflicts": [
            {
                "modality": one.instance.modality,
                "differs": list(one.differs),
                "earlier_is_in_the_archive": one.delivered_at is not None,
            }
            for one in mine
            if one.state is InstanceState.CONFLICT
        ],
    }
