"""The registry extract, streamed: memory does not grow with the archive."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from harmonizer.domain.registry import (
    COLUMNS,
    Column,
    KeptCourse,
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

    def table(self) -> tuple[list[Column], Iterator[list[object]]]:
        """Return the columns as they are now, and one row per harmonized course."""
        structures = self._records.structures()
        rows = (extract_row(course, structures) for course in self._records.courses())
        return [*COLUMNS, *structure_columns(structures)], rows

    def dictionary(self) -> Iterator[list[object]]:
        """Yield the dictionary's header, then a row for every column of the extract."""
        yield ["column", "unit", "kind", "meaning"]
        for column in self.table()[0]:
            yield [column.name, column.unit, column.kind_name, column.meaning]
