"""Counts by one margin at a time, in groups that are large enough to be told.

A patient who declined is in no group with fewer than `LEAST_TOLD` others who did not consent.
Small neighbours are joined until that holds; a margin where it cannot hold is left out. Margins
are told one by one, never crossed, so that no group can be taken apart by another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from gateway.contract.recruitment import LEAST_TOLD, Margin, RecruitmentGroup

UNKNOWN: Final = "unknown"
MONTH: Final = "month"
ORDERED: Final = frozenset({MONTH, "age_band"})
MOST_NAMED: Final = 4
MARGINS: Final[tuple[Margin, ...]] = ("month", "diagnosis", "age_band", "sex")
BANDS: Final = ((18, 39), (40, 49), (50, 59), (60, 69), (70, 79))


@dataclass(frozen=True)
class Screened:
    """That a step was taken, by one patient or several alike."""

    step: str
    month: str = UNKNOWN
    diagnosis: str = UNKNOWN
    age_band: str = UNKNOWN
    sex: str = UNKNOWN
    count: int = 1


def age_band(years: int | None) -> str:
    if years is None:
        return UNKNOWN
    return next((f"{low}-{high}" for low, high in BANDS if low <= years <= high), _edge(years))


def _edge(years: int) -> str:
    return "80 and more" if years >= 80 else "under 18"


@dataclass
class _Cell:
    names: list[str]
    counts: dict[str, int] = field(default_factory=dict)

    def of(self, step: str) -> int:
        return self.counts.get(step, 0)

    def joined(self, other: "_Cell") -> "_Cell":
        steps = {*self.counts, *other.counts}
        return _Cell(self.names + other.names, {s: self.of(s) + other.of(s) for s in steps})


def groups(events: Sequence[Screened]) -> list[RecruitmentGroup]:
    """Count all together and by each margin that is known of most."""
    whole = _Cell(["all"])
    for event in events:
        whole.counts[event.step] = whole.of(event.step) + event.count
    if not whole.counts:
        return []
    found = [_told("all", whole, hidden=_is_small("all", whole))]
    for margin in MARGINS:
        cells = _cells(events, margin)
        unknown = cells.get(UNKNOWN, _Cell([]))
        if 2 * unknown.of("eligible") > whole.of("eligible"):
            continue  # a margin that is known of few says nothing
        told = _large_enough(margin, cells)
        if len(told) > 1 or len(cells) == 1:  # one group of everybody is told already
            found += [_told(margin, cell) for cell in told]
    return found


def _cells(events: Iterable[Screened], margin: Margin) -> Mapping[str, _Cell]:
    cells: dict[str, _Cell] = {}
    for event in events:
        name = getattr(event, margin)
        cell = cells.setdefault(name, _Cell([name]))
        cell.counts[event.step] = cell.of(event.step) + event.count
    return cells


def _is_small(margin: str, cell: _Cell) -> bool:
    """Whether it tells of some, but too few, who did not consent.

    Real months of consent are told of nobody either: dates in the archive are shifted.
    """
    refused = (cell.of("eligible") - cell.of("consented"), cell.of("declined"))
    few = (*refused, cell.of("consented")) if margin == MONTH else refused
    return any(0 < number < LEAST_TOLD for number in few)


def _large_enough(margin: Margin, cells: Mapping[str, _Cell]) -> list[_Cell]:
    """Join neighbours until every group may be told: months and ages in order, others by size."""
    done: list[_Cell] = []
    open_cell: _Cell | None = None
    for cell in sorted(cells.values(), key=partial(_place, margin)):
        open_cell = cell if open_cell is None else open_cell.joined(cell)
        if not _is_small(margin, open_cell):
            done.append(open_cell)
            open_cell = None
    while open_cell is not None and done:
        open_cell = done.pop().joined(open_cell)
        if not _is_small(margin, open_cell):
            done.append(open_cell)
            open_cell = None
    return done


def _place(margin: Margin, cell: _Cell) -> tuple[int, str]:
    """Months and ages by name ("under 18" first), the unknown last; others by size."""
    name = cell.names[0]
    if margin not in ORDERED:
        return cell.of("eligible"), name
    return (name == UNKNOWN) - (name == _edge(0)), name


def _told(margin: Margin, cell: _Cell, hidden: bool = False) -> RecruitmentGroup:
    return RecruitmentGroup(
        by=margin,
        group=_label(margin, cell.names),
        eligible=None if hidden else cell.of("eligible"),
        asked=None if hidden else cell.of("asked"),
        consented=cell.of("consented"),
        declined=None if hidden else cell.of("declined"),
        withdrawn=cell.of("withdrawn"),
    )


def _label(margin: Margin, names: Sequence[str]) -> str:
    if len(names) > 1 and margin in ORDERED and UNKNOWN not in names:
        return f"{names[0]} to {names[-1]}"
    return " + ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} others"
