"""A course's structure set with the standard names that were kept for it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from gateway.contract.manifest import Role
from gateway.contract.receipts import SubmissionState
from harmonizer.errors import NotFoundError
from harmonizer.ports import ArchiveStore, Courses

Renamer = Callable[[bytes, Mapping[int, str], Mapping[int, str], str], bytes | None]
"""Structure set, local and standard names by ROI Number, versions: the derived set, or None if the
regions are not the set's."""


class CourseRows(Protocol):
    def course(self, course_uid: str) -> dict[str, Any] | None: ...


class RenamedStructureSets:
    """Reads a course's structure set and gives it the names that were kept for it."""

    def __init__(
        self, rows: CourseRows, courses: Courses, store: ArchiveStore, rename: Renamer
    ) -> None:
        self._rows = rows
        self._courses = courses
        self._store = store
        self._rename = rename

    def if_any(self, course_uid: str) -> bytes | None:
        """Return the derived structure set to store; None where no region has a standard name."""
        try:
            return self._renamed(course_uid, at_least=1)
        except NotFoundError:
            return None

    def structure_set(self, course_uid: str) -> bytes:
        """Return the derived structure set of a harmonized course.

        Raises
        ------
        NotFoundError
            If there is no such course, or it has no structure set with these regions.
        RetryError
            If the store does not answer.
        """
        return self._renamed(course_uid, at_least=0)

    def _renamed(self, course_uid: str, at_least: int) -> bytes:
        course = self._rows.course(course_uid)
        if course is None or course["state"] != SubmissionState.HARMONIZED:
            raise NotFoundError("there is no such harmonized course")
        local = {row["roi_number"]: row["local_name"] for row in course["structures"]}
        names = {
            row["roi_number"]: row["standard_name"]
            for row in course["structures"]
            if row["standard_name"]
        }
        if len(names) < at_least:
            raise NotFoundError("no region of the course has a standard name")
        made_by = str(course["made_by"].get("names", ""))
        for one in self._courses.instances(course_uid):
            data = self._store.read(one.key) if one.role == Role.STRUCTURES else None
            derived = self._rename(data, local, names, made_by) if data else None
            if derived:
                return derived
        raise NotFoundError("the course has no structure set with these regions")
