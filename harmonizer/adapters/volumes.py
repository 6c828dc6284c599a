"""How large structures are in this archive: the distribution that outliers are told from."""

from collections.abc import Mapping
from time import monotonic
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from harmonizer.adapters.cohorts import still_there
from harmonizer.adapters.database import reading
from harmonizer.adapters.tables.studies import CourseTable, StructureTable
from harmonizer.domain.quality.knowledge import VolumeRange, usual_volume
from harmonizer.domain.quality.structure_rules import FEWEST

HOLDS_S: Final = 900.0
"""A distribution of a whole archive changes slowly; counting it for every course would not."""


class SqlVolumes:
    """Volumes by treated site and TG-263 name, of regions whose name was sure."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)
        self._known: dict[str, VolumeRange] = {}
        self._until = float("-inf")

    def usual(self) -> Mapping[str, VolumeRange]:
        """Return ranges by `site:name`, of those that are there often enough to compare with."""
        if monotonic() >= self._until:
            self._known = self._count()
            self._until = monotonic() + HOLDS_S
        return self._known

    def _count(self) -> dict[str, VolumeRange]:
        query = (
            select(CourseTable.site, StructureTable.standard_name, StructureTable.volume_cm3)
            .join(StructureTable, col(StructureTable.course_uid) == CourseTable.course_uid)
            .where(
                still_there(),
                col(CourseTable.site).is_not(None),
                col(StructureTable.standard_name).is_not(None),
                col(StructureTable.volume_cm3) > 0,
                StructureTable.kind == "organ",
            )
        )
        volumes: dict[str, list[float]] = {}
        with Session(self._reading) as session:
            for site, name, volume in session.exec(query):
                volumes.setdefault(f"{site}:{name}", []).append(float(volume or 0.0))
        found = {key: usual_volume(key, many) for key, many in volumes.items()}
        return {key: one for key, one in found.items() if one and one.count >= FEWEST}
