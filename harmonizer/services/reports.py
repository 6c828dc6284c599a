"""A course's report: made when it is asked for, of what the archive holds now, or to be stored."""

import logging
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Final, Protocol

from gateway.contract.manifest import Role
from harmonizer.domain.quality import Analysis
from harmonizer.domain.reports import (
    Picture,
    ReportHead,
    chosen_images,
    report_html,
    report_values,
)
from harmonizer.errors import DataError, NotFoundError, PrintError
from harmonizer.ports import ArchiveStore, Clock, Courses

logger = logging.getLogger(__name__)

SOURCES: Final = frozenset({Role.STRUCTURES, Role.PLAN, Role.DOSE})
"""What a structured report names as its evidence."""


class ReportObjects(Protocol):
    """Makes DICOM objects of a report. The same results give the same bytes."""

    def structured(self, analysis: Analysis, sources: Sequence[bytes]) -> bytes:
        """Return the values as a structured report."""
        ...

    def pdf(self, page: str) -> bytes:
        """Print a page.

        Raises
        ------
        PrintError
            If this machine does not print.
        """
        ...

    def encapsulated(
        self, pdf: bytes, title: str, analysis: Analysis, sources: Sequence[bytes]
    ) -> bytes:
        """Return a printed page as an Encapsulated PDF."""
        ...


class ReportService:
    """Makes reports one at a time: each holds a course's dose in memory."""

    def __init__(
        self,
        courses: Courses,
        store: ArchiveStore,
        analysis: Callable[[str], Analysis],
        read_picture: Callable[[bytes], Picture],
        dicom: ReportObjects,
        clock: Clock,
    ) -> None:
        self._courses = courses
        self._store = store
        self._analysis = analysis
        self._read_picture = read_picture
        self._objects = dicom
        self._clock = clock
        self._one = Lock()
        self._to_print: tuple[str, str, str, Analysis, list[bytes]] | None = None

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
            today = self._clock.now().date().isoformat()
            return self._page(
                course_uid, self._analysis(course_uid), ReportHead(national_id, today)
            )

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
            return self._objects.structured(analysis, self._sources(course_uid))

    def pdf(self, course_uid: str) -> bytes:
        """Return the printed report. Raises what `page` raises, and `PrintError`."""
        return self._objects.pdf(self.page(course_uid))

    def structured_to_store(self, course_uid: str) -> bytes | None:
        """Return the structured report to store; None where there is nothing to report on."""
        try:
            national_id = self._national_id(course_uid)
            with self._one:
                analysis, sources = self._analysis(course_uid), self._sources(course_uid)
                page = self._page(course_uid, analysis, ReportHead(national_id))
                self._to_print = (course_uid, national_id, page, analysis, sources)
                return self._objects.structured(analysis, sources) if sources else None
        except NotFoundError:
            return None

    def printed_to_store(self, course_uid: str) -> bytes | None:
        """Return the Encapsulated PDF of what `structured_to_store` just gave, or work it out.

        None where there is nothing to report on, or the page could not be printed.
        """
        if self._to_print is None or self._to_print[0] != course_uid:
            self.structured_to_store(course_uid)
        known, self._to_print = self._to_print, None
        if known is None or known[0] != course_uid or not known[4]:
            return None
        _, national_id, page, analysis, sources = known
        title = f"Dose and quality: {national_id}"
        try:
            return self._objects.encapsulated(self._objects.pdf(page), title, analysis, sources)
        except PrintError as error:
            logger.warning("a report was not printed: %s", error)
            return None

    def _page(self, course_uid: str, analysis: Analysis, head: ReportHead) -> str:
        return report_html(analysis, self._pictures(course_uid, analysis), head)

    def _sources(self, course_uid: str) -> list[bytes]:
        keys = [one.key for one in self._courses.instances(course_uid) if one.role in SOURCES]
        return [data for key in keys if (data := self._store.read(key)) is not None]

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
