"""A course and its outcomes as one FHIR bundle."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from harmonizer.domain.fhir import CourseStory, StoredSeries, bundle
from harmonizer.services.studies import StudyService

KNOWN: Final = ("sex", "diagnosis_icd10", "rt_start", "rt_end")


class CourseSeries(Protocol):
    """What the archive holds of a course."""

    def delivered(self, course_uid: str) -> int | None:
        """Fractions by treatment records; None without any."""
        ...

    def plans(self, course_uid: str) -> Sequence[Mapping[str, Any]]:
        """Each plan as it was harmonized; none of a course that an older version did."""
        ...

    def series(self, course_uid: str) -> Sequence[StoredSeries]: ...


class OutcomeRecords(Protocol):
    def of_patient(self, national_id: str) -> Sequence[Mapping[str, Any]]:
        """Every current row of a patient, with `kind`, in order of time."""
        ...


class FhirService:
    def __init__(
        self, studies: StudyService, series: CourseSeries, records: OutcomeRecords, base: str
    ) -> None:
        self._studies = studies
        self._series = series
        self._records = records
        self._base = base.rstrip("/")

    def bundle(self, course_uid: str) -> dict[str, Any]:
        """Return everything of a course.

        Raises
        ------
        NotFoundError
            If the archive holds no such course.
        """
        course = self._studies.course(course_uid)
        patient: dict[str, Any] = {}
        rows = self._records.of_patient(course["national_id"])
        for row in rows:
            if row["kind"] == "clinical":
                patient |= {name: row[name] for name in KNOWN if row[name] is not None}
        story = CourseStory(
            course,
            self._series.delivered(course_uid),
            self._series.series(course_uid),
            self._series.plans(course_uid),
            patient,
            [row for row in rows if row["kind"] == "toxicity"],
            [row for row in rows if row["kind"] == "prom"],
        )
        return bundle(story, self._base)
