"""One stored instance as the course graph sees it. UIDs are the site's (after the first stage)."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.contract.manifest import Role
from gateway.domain.courses.facts import Facts


@dataclass(frozen=True)
class Instance:
    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    study_instance_uid: str
    pseudonym: str
    modality: str
    role: Role
    references: tuple[str, ...] = ()
    """SOPInstanceUIDs that this instance refers to, distinct and sorted."""
    frame_uids: tuple[str, ...] = ()
    """Frames of reference it lives in or connects, distinct and sorted."""
    facts: Facts = None


def by_series(instances: Sequence[Instance]) -> list[list[Instance]]:
    series: dict[str, list[Instance]] = {}
    for instance in instances:
        series.setdefault(instance.series_instance_uid, []).append(instance)
    return list(series.values())
