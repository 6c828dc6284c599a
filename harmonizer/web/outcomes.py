"""Tables of outcomes over the whole archive, arranged for a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

GRADES: Final = range(6)


@dataclass(frozen=True)
class CompletionTable:
    """Received of due answers of one instrument: a row per centre, a column per timepoint."""

    instrument: str
    timepoints: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Any, ...]], ...]


def completion_table(rows: Iterable[Any]) -> list[CompletionTable]:
    """Arrange completion by instrument. A cell is None where nothing was due."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        centre = found.setdefault(row.instrument, {}).setdefault(row.centre, {})
        centre[row.completion.timepoint] = row.completion
    tables = []
    for instrument, centres in sorted(found.items()):
        points = tuple(dict.fromkeys(point for cells in centres.values() for point in cells))
        lines = [
            (centre, tuple(cells.get(point) for point in points))
            for centre, cells in sorted(centres.items())
        ]
        tables.append(CompletionTable(instrument, points, tuple(lines)))
    return tables


@dataclass(frozen=True)
class GradeRow:
    """How often one centre gave each grade of one term."""

    term: str
    version: str
    centre: str
    counts: tuple[int, ...]  # of grades 0 to 5

    @property
    def total(self) -> int:
        return sum(self.counts)


def grade_table(counted: Sequence[Any]) -> list[GradeRow]:
    """Arrange grades by term, then centre: differences between centres stand side by side."""
    found: dict[tuple[str, str, str], dict[int, int]] = {}
    for row in counted:
        found.setdefault((row.term, row.ctcae_version, row.centre), {})[row.grade] = row.rows
    return [
        GradeRow(term, version, centre, tuple(counts.get(grade, 0) for grade in GRADES))
        for (term, version, centre), counts in sorted(found.items())
    ]
