"""Geometry of a patient's timeline: dose, grades and scores over one axis of days."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final

from harmonizer.domain.nomenclature import Kind
from harmonizer.web.plots import COLOURS, Tick, step_of

WIDTH: Final = 760
LEFT, RIGHT = 210, 26
LANE: Final = 30
SCORES: Final = 130
GAP: Final = 26
AXIS: Final = 38
DAY_STEPS: Final = (7, 14, 28, 30, 60, 90, 180, 365, 730)
MOST_SCALES: Final = 6
MOST_ORGANS: Final = 3


@dataclass(frozen=True)
class Mark:
    """One grade, or one score, on one day."""

    x: float
    y: float
    value: float
    text: str


@dataclass(frozen=True)
class Lane:
    """The grades of one CTCAE term."""

    name: str
    y: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class ScoreLine:
    """One scale of one questionnaire. `style` is its number in the style sheet, 0 to 9."""

    name: str
    points: str
    marks: tuple[Mark, ...]
    style: int


@dataclass(frozen=True)
class TimelinePlot:
    """Top down: a lane for the dose, a lane per term, a panel of scores, the axis."""

    dose: str
    treatment: tuple[float, float]  # x of the first and last fraction
    lanes: tuple[Lane, ...]
    lines: tuple[ScoreLine, ...]
    scales_left_out: int
    ticks: tuple[Tick, ...]
    levels: tuple[Tick, ...]  # of the scores, 0 to 100
    bottom: float
    height: float
    width: int = WIDTH
    left: int = LEFT
    right: int = WIDTH - RIGHT


def timeline_plot(
    events: Iterable[Any], last_fraction: int | None, dose: str
) -> TimelinePlot | None:
    """Lay out grades and scores by day from the first fraction.

    Parameters
    ----------
    events : of the patient, as `ClinicalService.timeline` gives them
    last_fraction : its day; None if nobody told
    dose : what to write beside the treatment

    Returns
    -------
    None if no grade and no score has a day.
    """
    placed = [e for e in events if e.day is not None and e.value is not None]
    graded = [e for e in placed if e.kind == "toxicity"]
    scored = [e for e in placed if e.kind == "prom" and 0 <= e.value <= 100]
    days = [e.day for e in (*graded, *scored)]
    if not days:
        return None
    scale = _Days(min(0, *days), max(last_fraction or 0, 1, *days))
    lanes = _lanes(graded, scale)
    top = LANE * (1 + len(lanes)) + GAP
    lines, left_out = _lines(scored, scale, top)
    bottom = top + SCORES if lines else LANE * (1 + len(lanes)) + 6
    return TimelinePlot(
        dose,
        (scale.x(0), scale.x(last_fraction or 0)),
        tuple(lanes),
        tuple(lines),
        left_out,
        scale.ticks(),
        tuple(Tick(_level(score, top), str(score)) for score in (0, 50, 100)) if lines else (),
        bottom,
        bottom + AXIS,
    )


class _Days:
    """Days to positions."""

    def __init__(self, first: int, last: int) -> None:
        self._first, self._last = first, last
        self._scale: float = (WIDTH - LEFT - RIGHT - 12) / (last - first)

    def x(self, day: int) -> float:
        return round(LEFT + 12 + (day - self._first) * self._scale, 1)

    def ticks(self) -> tuple[Tick, ...]:
        step = step_of(self._last - self._first, DAY_STEPS, 8)
        begin = -(-self._first // step) * step
        return tuple(Tick(self.x(day), str(day)) for day in range(begin, self._last + 1, step))


def _lanes(graded: Sequence[Any], scale: _Days) -> list[Lane]:
    lanes = []
    for number, name in enumerate(sorted({e.name for e in graded}), start=1):
        y = LANE * (number + 0.5)
        found = sorted((e for e in graded if e.name == name), key=lambda e: e.day)
        marks = [
            Mark(scale.x(e.day), y, e.value, f"{name}: grade {int(e.value)} on day {e.day}")
            for e in found
        ]
        lanes.append(Lane(name, y, tuple(marks)))
    return lanes


def _lines(scored: Sequence[Any], scale: _Days, top: float) -> tuple[list[ScoreLine], int]:
    """Draw the scales that change most; the table below has them all."""
    found: dict[str, list[Any]] = {}
    for event in scored:
        found.setdefault(event.name, []).append(event)
    several = {name: sorted(es, key=lambda e: e.day) for name, es in found.items() if len(es) > 1}
    order = sorted(several, key=lambda name: (-_range(several[name]), name))
    lines = []
    for style, name in enumerate(order[:MOST_SCALES]):
        marks = tuple(
            Mark(
                scale.x(e.day),
                _level(e.value, top),
                e.value,
                f"{name}: {e.value:.1f} on day {e.day}",
            )
            for e in several[name]
        )
        points = " ".join(f"{mark.x},{mark.y}" for mark in marks)
        lines.append(ScoreLine(name, points, marks, style % COLOURS))
    return lines, len(order) - len(lines)


def _range(events: Sequence[Any]) -> float:
    values = [float(event.value) for event in events]
    return max(values) - min(values)


def _level(score: float, top: float) -> float:
    return round(top + SCORES * (1 - score / 100.0), 1)


def dose_text(course: Mapping[str, Any]) -> str:
    """Return the prescription and the organs that got most, for the lane of the dose."""
    parts = []
    if course["prescribed_gy"]:
        fractions = f" in {course['fractions']}" if course["fractions"] else ""
        parts.append(f"{course['prescribed_gy']:g} Gy{fractions}")
    organs = [
        (row["metrics"]["Mean[Gy]"], row["standard_name"])
        for row in course["structures"]
        if row["kind"] == Kind.ORGAN and row["standard_name"] and "Mean[Gy]" in row["metrics"]
    ]
    shown = [(mean, name) for mean, name in sorted(organs, reverse=True) if name != "Body"]
    parts += [f"{name} {mean:.1f} Gy" for mean, name in shown[:MOST_ORGANS]]
    return " · ".join(parts)


@dataclass(frozen=True)
class ScoreTable:
    """Scores of one instrument: a row per scale, a column per day of answering."""

    instrument: str
    days: tuple[tuple[int | None, str], ...]  # day and timepoint
    rows: tuple[tuple[str, tuple[float | None, ...], str], ...]  # scale, scores, small line


def score_tables(events: Iterable[Any]) -> list[ScoreTable]:
    """Arrange PROM scores by instrument, scale and day."""
    found: dict[str, dict[tuple[int | None, date], dict[str, float | None]]] = {}
    points: dict[tuple[int | None, date], str] = {}
    for event in events:
        if event.kind == "prom":
            instrument, _, scale = event.name.partition(" ")
            column = (event.day, event.on)
            points[column] = event.timepoint or ""
            found.setdefault(instrument, {}).setdefault(column, {})[scale] = event.value
    tables = []
    for instrument, columns in sorted(found.items()):
        order = sorted(columns, key=lambda column: column[1])
        scales = dict.fromkeys(scale for column in order for scale in columns[column])
        rows = [
            (scale, values, _spark([column[0] for column in order], values))
            for scale in scales
            for values in [tuple(columns[column].get(scale) for column in order)]
        ]
        days = tuple((column[0], points[column]) for column in order)
        tables.append(ScoreTable(instrument, days, tuple(rows)))
    return tables


def _spark(days: Sequence[int | None], values: Sequence[float | None]) -> str:
    """Return a small line of scores over days, 90 x 22, empty with less than two scores."""
    known = [(d, v) for d, v in zip(days, values, strict=True) if d is not None and v is not None]
    if len(known) < 2 or any(not 0 <= value <= 100 for _, value in known):
        return ""
    first, span = known[0][0], max(known[-1][0] - known[0][0], 1)
    if not all(later[0] > earlier[0] for earlier, later in pairwise(known)):
        return ""
    return " ".join(f"{2 + 86 * (d - first) / span:.1f},{20 - 18 * v / 100:.1f}" for d, v in known)
