"""What is usual in this archive: the distributions that outliers are told from."""

from collections.abc import Mapping
from time import monotonic
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from harmonizer.adapters.cohorts import still_there
from harmonizer.adapters.database import reading
from harmonizer.adapters.tables.studies import CourseTable, MetricTable, StructureTable
from harmonizer.domain.nomenclature import Kind
from harmonizer.domain.quality.knowledge import (
    UsualTargetDose,
    VolumeRange,
    usual_target_dose,
    usual_volume,
)
from harmonizer.domain.quality.structure_rules import FEWEST

HOLDS_S: Final = 900.0
"""A distribution of a whole archive changes slowly; counting it for every course would not."""

TARGET_DOSE: Final = "D50%[%]"
"""Computed of targets only."""


class SqlUsual:
    """Volumes of structures whose name was sure, and doses of targets; each from `FEWEST` on."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)
        self._volumes: dict[str, VolumeRange] = {}
        self._doses: dict[str, dict[str, UsualTargetDose]] = {}
        self._until = float("-inf")

    def volumes(self) -> Mapping[str, VolumeRange]:
        """Return ranges by `site:name`."""
        self._refresh()
        return self._volumes

    def target_doses(self, centre: str) -> Mapping[str, UsualTargetDose]:
        """Return what a centre's best covered targets get, by site."""
        self._refresh()
        return self._doses.get(centre, {})

    def _refresh(self) -> None:
        if monotonic() >= self._until:
            self._volumes, self._doses = self._count_volumes(), self._count_doses()
            self._until = monotonic() + HOLDS_S

    def _count_volumes(self) -> dict[str, VolumeRange]:
        query = (
            select(CourseTable.site, StructureTable.standard_name, StructureTable.volume_cm3)
            .join(StructureTable, col(StructureTable.course_uid) == CourseTable.course_uid)
            .where(
                still_there(),
                col(CourseTable.site).is_not(None),
                col(StructureTable.standard_name).is_not(None),
                col(StructureTable.volume_cm3) > 0,
                StructureTable.kind == Kind.ORGAN,
            )
        )
        volumes: dict[str, list[float]] = {}
        with Session(self._reading) as session:
            for site, name, volume in session.exec(query):
                volumes.setdefault(f"{site}:{name}", []).append(float(volume or 0.0))
        found = {key: usual_volume(key, many) for key, many in volumes.items()}
        return {key: one for key, one in found.items() if one and one.count >= FEWEST}

    def _count_doses(self) -> dict[str, dict[str, UsualTargetDose]]:
        query = (
            select(CourseTable.centre, CourseTable.site, func.max(MetricTable.value))
            .join(MetricTable, col(MetricTable.course_uid) == CourseTable.course_uid)
            .where(
                still_there(),
                col(CourseTable.site).is_not(None),
                MetricTable.name == TARGET_DOSE,
                col(MetricTable.value).is_not(None),
            )
            .group_by(CourseTable.course_uid, CourseTable.centre, col(CourseTable.site))
        )
        percents: dict[tuple[str, str], list[float]] = {}
        with Session(self._reading) as session:
            for centre, site, percent in session.exec(query):
                percents.setdefault((centre, str(site)), []).append(float(percent or 0.0))
        found: dict[str, dict[str, UsualTargetDose]] = {}
        for (centre, site), many in percents.items():
            one = usual_target_dose(many)
            if one and one.count >= FEWEST:
                found.setdefault(centre, {})[site] = one
        return found
