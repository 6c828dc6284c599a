"""What a reader may see of the archive: how it stands, its courses, one course whole."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from gateway.contract.receipts import SubmissionState
from harmonizer.domain.studies import CourseFilter
from harmonizer.errors import NotFoundError
from harmonizer.ports import Work, WorkState

STATES: Final = tuple(str(state) for state in SubmissionState)
MOST_COURSES: Final = 1000


class Overview(Protocol):
    """Reads what was kept of courses."""

    def states(self) -> Sequence[tuple[str, str, int]]:
        """Centre, state and how many courses; announced: versions that are not whole yet."""
        ...

    def instances(self) -> Mapping[str, int]:
        """Instances that were read back, per centre."""
        ...

    def courses(self, which: CourseFilter) -> Sequence[dict[str, Any]]:
        """Newest first; `structures` and `findings` are counts."""
        ...

    def count(self, which: CourseFilter) -> int: ...

    def course(self, course_uid: str) -> dict[str, Any] | None:
        """One course with its structures, their metrics, and the findings."""
        ...

    def curves(self, course_uid: str) -> Mapping[int, Sequence[Sequence[float]]]:
        """Cumulative DVH by ROI number: (dose in Gy, volume in per cent)."""
        ...

    def courses_of_study(self, study_instance_uid: str) -> Sequence[str]: ...

    def troubles(self, most: int) -> Sequence[Mapping[str, Any]]: ...

    def incoming(self, most: int) -> Sequence[Mapping[str, Any]]: ...


class StudyService:
    """Use cases of looking at courses."""

    def __init__(
        self, overview: Overview, work: Work, clinical_counts: Any, centres: Sequence[str]
    ) -> None:
        self._overview = overview
        self._work = work
        self._clinical_counts = clinical_counts
        self._centres = tuple(centres)

    def status(self, centre: str | None = None) -> dict[str, Any]:
        """Count everything. A centre that asks hears of its own courses and instances only."""
        here = (centre,) if centre else self._centres
        courses = {name: dict.fromkeys(STATES, 0) for name in here}
        for name, state, count in self._overview.states():
            if not centre or name == centre:  # a centre that left the settings still counts
                courses.setdefault(name, dict.fromkeys(STATES, 0))[state] = count
        kept = self._overview.instances()
        told: dict[str, Any] = {
            "courses": courses,
            "instances": kept.get(centre, 0) if centre else sum(kept.values()),
        }
        if centre:
            return told
        work = self._work.counts()
        return told | {
            "clinical": self._clinical_counts(),
            "work": {
                "waiting": work[WorkState.WAITING] + work[WorkState.RUNNING],
                "failed": work[WorkState.FAILED],
            },
        }

    def centres(self) -> Sequence[str]:
        """Return the centres that may store."""
        return self._centres

    def courses(self, which: CourseFilter) -> Sequence[dict[str, Any]]:
        return self._overview.courses(which)

    def count(self, which: CourseFilter) -> int:
        return self._overview.count(which)

    def course(self, course_uid: str) -> dict[str, Any]:
        """Return one course whole.

        Raises
        ------
        NotFoundError
            If the archive holds no such course.
        """
        found = self._overview.course(course_uid)
        if found is None:
            raise NotFoundError("the archive holds no such course")
        return found

    def curves(self, course_uid: str) -> Mapping[int, Sequence[Sequence[float]]]:
        return self._overview.curves(course_uid)

    def courses_of_study(self, study_instance_uid: str) -> Sequence[str]:
        """Return the courses that lie in a study.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        found = self._overview.courses_of_study(study_instance_uid)
        if not found:
            raise NotFoundError("the archive holds no such study")
        return found

    def waiting(self, most: int = 50) -> dict[str, Sequence[Mapping[str, Any]]]:
        """Return what is not finished, and why."""
        return {
            "incoming": self._overview.incoming(most),
            "troubles": self._overview.troubles(most),
        }
