"""A course's report, made when it is asked for: always of what the archive holds now."""

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, Final

from gateway.contract.manifest import Role
from harmonizer.domain.quality import Analysis
from harmonizer.domain.reports import (
    Picture,
    ReportHead,
    chosen_images,
    report_html,
    report_values,
)
from harmonizer.errors import DataError, NotFoundError
from harmonizer.ports import ArchiveStore, Clock, Courses

SOURCES: Final = frozenset({Role.STRUCTURES, Role.PLAN, Role.DOSE})
"""What a structured report names as its evidence."""


class ReportService:
    """Makes reports one at a time: each holds a course's dose in memory."""

    def __init__(
        self,
        courses: Courses,
        store: ArchiveStore,
        analysis: Callable[[str], Analysis],
        read_picture: Callable[[bytes], Picture],
        as_dicom: Callable[[Analysis, Sequence[bytes], datetime], bytes],
        clock: Clock,
    ) -> None:
        self._courses = courses
        self._store = store
        self._analysis = analysis
        self._read_picture = read_picture
        self._as_dicom = as_dicom
        self._clock = clock
        self._one = Lock()

    def page(self, course_uid: str) -> str:
        """Return the report as HTML.

        Raises
        ------
        NotFoundError
            If there is no such course.
        RetryError
            If the store does not answer.
        DataError
            If an object of the course is not there any more.
        """
        national_id = self._national_id(course_uid)
        with self._one:
            analysis = self._analysis(course_uid)
            pictures = self._pictures(course_uid, analysis)
            head = ReportHead(national_id, self._clock.now().date().isoformat())
            return report_html(analysis, pictures, head)

    def values(self, course_uid: str) -> dict[str, Any]:
        """Return what the report shows as plain values. Raises what `page` raises."""
        self._national_id(course_uid)
        with self._one:
            return report_values(self._analysis(course_uid))

    def dicom(self, course_uid: str) -> bytes:
        """Return the values as a DICOM structured report. Raises what `page` raises."""
        self._national_id(course_uid)
        with self._one:
            analysis = self._analysis(course_uid)
            keys = [one.key for one in self._courses.instances(course_uid) if one.role in SOURCES]
            sources = [data for key in keys if (data := self._store.read(key)) is not None]
            return self._as_dicom(analysis, sources, self._clock.now())

    def _national_id(self, course_uid: str) -> str:
        found = self._courses.national_id(course_uid)
        if found is None:
            raise NotFoundError("there is no such course")
        return found

    def _pictures(self, course_uid: str, analysis: Analysis) -> list[Picture]:
        """Return the images to show that can be read; the report does without the others."""
        keys = {one.key.sop_instance_uid: one.key for one in self._courses.instances(course_uid)}
        found = []
        for image in chosen_images(analysis):
            key = keys.get(image.sop_instance_uid)
            data = self._store.read(key) if key else None
            if data is None:
                continue
            try:
                found.append(self._read_picture(data))
            except DataError:
                continue
        return found
