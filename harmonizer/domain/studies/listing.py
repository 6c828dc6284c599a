"""Which courses a reader asks for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CourseFilter:
    """Which courses to list. None asks for all."""

    centre: str | None = None
    state: str | None = None
    site: str | None = None
    national_id: str | None = None
    limit: int = 100
    offset: int = 0
