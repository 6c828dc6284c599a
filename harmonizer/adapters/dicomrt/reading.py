"""The `CourseReader` port: the objects of a course, fetched one after the other."""

from collections.abc import Iterator, Sequence

from harmonizer.adapters.dicomrt.course import read_course
from harmonizer.domain.quality import CourseFacts
from harmonizer.domain.studies import CourseFile


class DicomCourseReader:
    """Keeps no more than one object's bytes at a time."""

    def read(self, files: Sequence[CourseFile]) -> CourseFacts:
        return read_course(_bytes(files))


def _bytes(files: Sequence[CourseFile]) -> Iterator[bytes]:
    for file in files:
        yield file.read()
