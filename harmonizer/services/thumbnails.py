"""Pictures of regions on their images, for the worklist."""

from collections.abc import Callable

from gateway.contract.manifest import Role
from harmonizer.errors import NotFoundError
from harmonizer.ports import ArchiveStore, Courses

Painter = Callable[[bytes, int, Callable[[str], bytes | None]], bytes | None]
"""Structure set, ROI number, images by SOP Instance UID: a PNG, None without a contour."""


class ThumbnailService:
    """Reads a course's structure set and one image, and paints."""

    def __init__(self, courses: Courses, store: ArchiveStore, paint: Painter) -> None:
        self._courses = courses
        self._store = store
        self._paint = paint

    def png(self, course_uid: str, roi_number: int) -> bytes:
        """Return the picture of a region.

        Raises
        ------
        NotFoundError
            If there is no such course, or the region has no contour.
        RetryError
            If the store does not answer.
        """
        instances = {one.key.sop_instance_uid: one for one in self._courses.instances(course_uid)}

        def image_of(uid: str) -> bytes | None:
            return self._store.read(instances[uid].key) if uid in instances else None

        for one in instances.values():
            data = self._store.read(one.key) if one.role == Role.STRUCTURES else None
            picture = self._paint(data, roi_number, image_of) if data else None
            if picture:
                return picture
        raise NotFoundError("there is no contour to show")
