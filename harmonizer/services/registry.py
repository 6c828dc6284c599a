"""The registry extract, streamed: memory does not grow with the archive."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from harmonizer.domain.registry import (
    COLUMNS,
    KeptCourse,
    extract_header,
    extract_row,
    structure_columns,
)


class RegistryRecords(Protocol):
    """Reads what was kept of courses."""

    def structures(self) -> Sequence[str]:
        """Every standard name that has a value, in order."""
        ...

    def courses(self) -> Iterator[KeptCourse]:
        """Harmonized courses, in a fixed order."""
        ...


class RegistryService:
    """Gives the extract and its dictionary."""

    def __init__(self, records: RegistryRecords) -> None:
        self._records = records

    def rows(self) -> Iterator[list[object]]:
        """Yield the header, then one row per harmonized course."""
        structures = self._records.structures()
        yield list(extract_header(structures))
        for course in self._records.courses():
            yield extract_row(course, structures)

    def dictionary(self) -> Iterator[list[object]]:
        """Yield a row for every column of the extract as it would be now."""
        yield ["column", "unit", "meaning"]
        for column in (*COLUMNS, *structure_columns(self._records.structures())):
            yield [column.name, column.unit, column.meaning]
