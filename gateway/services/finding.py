"""Finding one course among many, by what people know of it."""

from collections.abc import Callable
from functools import cache

from gateway.ports import Courses

SHORTEST = 6
"""Characters of a name that tell one course from others."""


class CourseFinder:
    """Looks a course up by its number here, or by its name in the archive."""

    def __init__(self, courses: Courses, course_uid: Callable[[str], str]) -> None:
        self._courses = courses
        self._course_uid = cache(course_uid)  # names stay, and many searches ask for all

    def find(self, text: str) -> list[int]:
        """Return the numbers of the courses that a text can mean.

        A name may be cut off at either side, as it is in letters and in tables.
        """
        wanted = text.strip().strip(".\u2026 ")
        if wanted.isdecimal() and self._courses.get(int(wanted[:18])) is not None:
            return [int(wanted)]
        if len(wanted) < SHORTEST:
            return []
        names = {key: self._course_uid(anchor) for key, anchor in self._courses.anchors().items()}
        return sorted(key for key, name in names.items() if wanted in name)
