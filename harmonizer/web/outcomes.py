"""Tables of outcomes over the whole archive, arranged for a page."""

from collections.abc import Iterable, Mapping, Sequence
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


def by_margin(told: Mapping[str, Sequence[Any]]) -> dict[str, dict[str, list[Any]]]:
    """Arrange recruitment by centre and margin, in the order that the centre told."""
    found: dict[str, dict[str, list[Any]]] = {}
    for centre, groups in told.items():
        margins = found.setdefault(centre, {})
        for group in groups:
            margins.setdefault(group.by, []).append(group)
    return found


def due_choices(rows: Iterable[Any]) -> list[str]:
    """Return instrument and timepoint where some answered and some did not, most due first."""
    due: dict[str, list[int]] = {}
    for row in rows:
        counts = due.setdefault(f"{row.instrument} {row.completion.timepoint}", [0, 0])
        counts[0] += row.completion.due
        counts[1] += row.completion.received
    split = {name: (0 < came < all_due, all_due) for name, (all_due, came) in due.items()}
    return sorted((n for n, (_, all_due) in split.items() if all_due), key=lambda n: split[n])[::-1]
