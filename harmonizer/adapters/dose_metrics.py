"""What the joined tables need of the doses: one number per patient, structure and metric."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Engine, Table, Text, cast, exists, func, select

from gateway.contract.receipts import SubmissionState
from harmonizer.adapters.cohorts import still_there
from harmonizer.adapters.database import chunks, reading
from harmonizer.adapters.tables.studies import CourseTable, MetricTable

_OBJECT: Final = TypeAdapter(dict[str, float])  # reads twice as fast as the library's json
courses: Table = CourseTable.__table__  # type: ignore[attr-defined]
metrics: Table = MetricTable.__table__  # type: ignore[attr-defined]


class SqlDoseMetrics:
    """The `DoseMetrics` port: of each patient the newest harmonized course.

    A metric is named by the structure's standard name and its own, for example `Heart Mean[Gy]`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = reading(engine)

    def names(self) -> Sequence[str]:
        # The pairs first, from the index alone: joining every metric to its course costs the
        # table as much time as all else.
        pairs = select(metrics.c.name, metrics.c.standard_name).where(_has_value()).distinct()
        pair = pairs.subquery()
        seen = (
            exists()
            .where(metrics.c.name == pair.c.name, _has_value())
            .where(metrics.c.standard_name == pair.c.standard_name)
            .where(courses.c.course_uid == metrics.c.course_uid, still_there())
        )
        query = select(pair.c.standard_name, pair.c.name).where(seen)
        with self._engine.begin() as db:
            return sorted(f"{structure} {name}" for structure, name in db.execute(query))

    def of(self, national_ids: Collection[str]) -> Mapping[str, Mapping[str, float]]:
        """Return the metrics of each patient who has any, by name."""
        found: dict[str, Mapping[str, float]] = {}
        for part in chunks(sorted(set(national_ids))):
            found.update(self._part(part))
        return found

    def _part(self, national_ids: Sequence[str]) -> dict[str, Mapping[str, float]]:
        whose = (
            select(courses.c.course_uid, courses.c.national_id)
            .where(courses.c.national_id.in_(national_ids))
            .where(courses.c.state == SubmissionState.HARMONIZED, still_there())
            .order_by(courses.c.stored_at, courses.c.course_uid)
        )
        name = metrics.c.standard_name + " " + metrics.c.name
        with self._engine.begin() as db:
            newest = {patient: uid for uid, patient in db.execute(whose).all()}
            # One object per course, made by the database: rows one by one cost ten times as much.
            objects = cast(self._object(name, metrics.c.value), Text)
            query = (
                select(metrics.c.course_uid, func.count(), objects)
                .where(metrics.c.course_uid.in_(list(newest.values())), _has_value())
                .group_by(metrics.c.course_uid)
            )
            values = {uid: _read(text, rows) for uid, rows, text in db.execute(query).all()}
        return {patient: values[uid] for patient, uid in newest.items() if uid in values}

    def _object(
        self, name: ColumnElement[str], value: ColumnElement[float | None]
    ) -> ColumnElement[str]:
        if self._engine.dialect.name == "sqlite":
            return func.json_group_object(name, value)
        return func.json_object_agg(name, value)


def _has_value() -> ColumnElement[bool]:
    return metrics.c.standard_name.is_not(None) & metrics.c.value.is_not(None)


def _read(text: str, rows: int) -> Mapping[str, float]:
    """Leave out what two structures of one name say: nobody could tell which one is meant."""
    found = _OBJECT.validate_json(text)
    if len(found) == rows:
        return found
    pairs: list[tuple[str, float]] = json.loads(text, object_pairs_hook=list)
    times = Counter(name for name, _ in pairs)
    return {name: value for name, value in pairs if times[name] == 1}
